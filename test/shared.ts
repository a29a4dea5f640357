import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = process.env.THUMBNET_SHARED ?? fileURLToPath(new URL('../../shared/', import.meta.url));

/** The path of a file of golden vectors, models or measurements outside the repository, or null where they are absent. */
export function sharedPath(path: string): string | null {
  const full = join(ROOT, path);
  return existsSync(full) ? full : null;
}

/** The same for what cannot do without it. */
export function neededPath(path: string): string {
  const found = sharedPath(path);
  if (!found) throw new Error(`${path} is not in ${ROOT}: set THUMBNET_SHARED to the folder that holds it`);
  return found;
}
