/** Targets as the command line names them. */
import { readFileSync } from 'node:fs';
import { CompressError } from '../errors.ts';
import { type OwnTarget, registerTarget } from '../targets/index.ts';
import { reason } from './reason.ts';

/** Names of `a,b,cortex-m4@100MHz,512K,128K`: the three parts of a core with clock and memory stay together. */
export function targetNames(text: string): string[] {
  const parts = text.split(',').map((s) => s.trim());
  const names: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const size = parts[i].includes('@') ? 3 : 1;
    names.push(parts.slice(i, i + size).join(','));
    i += size - 1;
  }
  return names.filter(Boolean);
}

/** `--target chip.json` of any verb: the chip of the file is registered, and its name stands in the place of the file's. */
export function withOwnTargets(argv: readonly string[]): string[] {
  return argv.map((arg, i) => {
    if (argv[i - 1] === '--target') return registered(arg);
    return arg.startsWith('--target=') ? `--target=${registered(arg.slice('--target='.length))}` : arg;
  });
}

/** Chips that were read from files, by their names. */
const own = new Map<string, OwnTarget>();

/** What a file says of a chip; null for one that is known by its name alone. */
export const ownTargetOf = (name: string): OwnTarget | null => own.get(name) ?? null;

/** Names of targets, those in files registered. */
export const registered = (text: string): string =>
  targetNames(text)
    .map((name) => (/\.json$/i.test(name) ? fromFile(name) : name))
    .join(',');

function fromFile(path: string): string {
  const chip = described(path);
  const { name } = registerTarget(chip, path);
  own.set(name, chip);
  return name;
}

function described(path: string): OwnTarget {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    throw new CompressError('bad-file', `cannot read the chip "${path}": ${reason(e)}`, 'check the path');
  }
  try {
    return JSON.parse(text) as OwnTarget;
  } catch (e) {
    throw new CompressError(
      'bad-file',
      `"${path}" is not JSON: ${(e as Error).message}`,
      'assets/target.schema.json says what it holds',
    );
  }
}
