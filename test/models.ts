import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sharedPath } from './shared.ts';

/** Real models outside the repository whose name ends so; none where they are absent. */
export function modelFiles(ending: string): { name: string; path: string; bytes: number }[] {
  const folder = sharedPath('data/models');
  if (!folder) {
    console.log('the models of ../shared are absent: tests with them are skipped');
    return [];
  }
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  return names.map((name) => ({ name, path: join(folder, name), bytes: statSync(join(folder, name)).size }));
}
