import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = process.env.THUMBNET_SHARED ?? fileURLToPath(new URL('../../shared/', import.meta.url));

/** The path of a file of golden vectors, models or measurements outside the repository, or null where they are absent. */
export function sharedPath(path: string): string | null {
  const full = join(ROOT, path);
  return existsSync(full) ? full : null;
}
