import { test } from 'uvu';
import { sharedPath } from './shared.ts';
import { skipped } from './skipped.ts';

/** A test that needs files outside the repository, which it is given the paths of. Where one is absent it counts as skipped. */
export function sharedTest(name: string, paths: readonly string[], run: (...found: string[]) => void | Promise<void>): void {
  const found = paths.map(sharedPath);
  const absent = paths.filter((_, i) => found[i] === null);
  if (absent.length) skipped(`${name}: ${absent.join(' and ')} ${absent.length > 1 ? 'are' : 'is'} absent`);
  else test(name, () => run(...(found as string[])));
}
