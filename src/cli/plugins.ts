import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Addresses of the modules that a command line names by `--plugin`: they are loaded before it is read, so that their names are known. */
export function pluginsIn(argv: readonly string[]): string[] {
  const files = argv.flatMap((arg, i) => {
    if (arg === '--plugin') return argv[i + 1] === undefined ? [] : [argv[i + 1]];
    return arg.startsWith('--plugin=') ? [arg.slice('--plugin='.length)] : [];
  });
  return files.map((file) => pathToFileURL(resolve(file)).href);
}
