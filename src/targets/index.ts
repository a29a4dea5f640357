import { CompressError, editDistance } from '../errors.ts';
import type { CoreKind } from '../ops/buffer_sizes.ts';
import { KINDS } from './kinds.ts';
import { foreignCore, genericTarget, type OwnTarget, ownTarget } from './own.ts';
import { SOURCES, TARGET_TABLE } from './target_data.ts';

export { type OwnTarget, parseBytes, parseMegahertz } from './own.ts';
export { SOURCES } from './target_data.ts';

export type CoreName =
  | 'cortex-m0'
  | 'cortex-m0+'
  | 'cortex-m3'
  | 'cortex-m4'
  | 'cortex-m7'
  | 'cortex-m33'
  | 'cortex-m55'
  | 'cortex-m85';

/** A microcontroller, as far as a network must fit into it. */
export interface Target {
  /** The part in lower case. */
  readonly name: string;
  readonly core: CoreName;
  /** Which CMSIS-NN build runs there. */
  readonly kind: CoreKind;
  readonly fpu: 'none' | 'sp' | 'dp';
  readonly flashBytes: number;
  /** The largest contiguous block of RAM. */
  readonly ramBytes: number;
  /** Highest clock of the core. */
  readonly clockMhz: number;
  /** Flash wait states at the highest clock, or null where unknown or external. */
  readonly waitStates: number | null;
  readonly cache: 'none' | 'flash' | 'l1' | 'xip';
  /** Run current while inferring in microampere per MHz, or null where unknown, and the supply in volt it holds for. */
  readonly microampPerMhz: number | null;
  readonly supplyV: number;
  readonly power: 'measured' | 'vendor' | 'board' | 'none';
  /** Keys of `SOURCES` in target_data.ts. */
  readonly sources: readonly string[];
  /** Boards and other names that find this part. */
  readonly aliases: readonly string[];
}

const numberOrNull = (cell: string) => (cell === '-' ? null : Number(cell));

/** @throws Error for a row that a blank in one of its cells has torn apart */
export function parseRow(line: string): Target {
  const [name, core, flash, ram, mhz, fpu, wait, cache, current, supply, power, source, ...boards] = line.split(/\s+/);
  const coreName = `cortex-${core}` as CoreName;
  const sources = (source ?? '').split('+');
  const torn = !KINDS[coreName] || !sources.every((s) => SOURCES[s]) || !boards.every((b) => /^[a-z0-9][\w.-]*$|^-$/.test(b));
  if (torn) throw new Error(`the row of the target ${name} cannot be read: ${line}`);
  return {
    name,
    core: coreName,
    kind: KINDS[coreName],
    fpu: fpu as Target['fpu'],
    flashBytes: 1024 * Number(flash),
    ramBytes: 1024 * Number(ram),
    clockMhz: Number(mhz),
    waitStates: numberOrNull(wait),
    cache: cache as Target['cache'],
    microampPerMhz: numberOrNull(current),
    supplyV: Number(supply),
    power: power as Target['power'],
    sources,
    aliases: boards.filter((b) => b !== '-'),
  };
}

/** Every chip of the table, by rising core. */
export const TARGETS: readonly Target[] = TARGET_TABLE.trim().split('\n').slice(1).map(parseRow);

/** Letters and digits only: `NUCLEO_F446RE` and `nucleo-f446re` are one name. */
const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9+]/g, '');

const BY_NAME = new Map(TARGETS.flatMap((t) => [t.name, ...t.aliases].map((n) => [plain(n), t] as const)));

/**
 * The chip of a part name, an ordering code of it (`STM32L476RGT6`) or a board; the case does not matter. `cortex-m4@100MHz,512K,128K` is any chip with
 * that core, clock, flash and RAM.
 *
 * @throws CompressError `unknown-target` with the nearest names
 */
export function findTarget(name: string): Target {
  const wanted = plain(name);
  const found = BY_NAME.get(wanted) ?? BY_NAME.get(wanted.replace(/^(stm32.{6})[a-z]\d[a-z]?$/, '$1')) ?? genericTarget(name);
  if (found) return found;
  const why = foreignCore(wanted);
  if (why) {
    throw new CompressError(
      'unknown-target',
      `"${name}" is not a Cortex-M: ${why}`,
      'choose a chip of `thumbnet targets`; the .tflite that Thumbnet writes runs on others too, without figures for them',
    );
  }
  throw new CompressError(
    'unknown-target',
    `target "${name}" is not known`,
    `nearest are ${nearestTargets(name).join(', ')}; \`thumbnet targets\` lists all`,
  );
}

/**
 * Adds a chip of one's own, which every function then finds by its name.
 *
 * @throws CompressError `bad-option` naming the first field that cannot be, or for the name of another chip
 * @example
 * registerTarget({ name: 'my-board', core: 'cortex-m4', flashBytes: '512K', ramBytes: '128K', clockMhz: 100 });
 */
export function registerTarget(description: OwnTarget, where?: string): Target {
  const chip = ownTarget(description, where);
  const known = BY_NAME.get(plain(chip.name));
  if (known && JSON.stringify(known) !== JSON.stringify(chip))
    throw new CompressError('bad-option', `there is a chip "${known.name}" already`, 'choose another name');
  BY_NAME.set(plain(chip.name), chip);
  return chip;
}

/** Names and aliases closest to `name`: by shared beginning and by edits, those that contain it first. */
export function nearestTargets(name: string, count = 3): string[] {
  const wanted = plain(name);
  const score = (candidate: string) => {
    let shared = 0;
    while (shared < wanted.length && wanted[shared] === candidate[shared]) shared++;
    return editDistance(wanted, candidate) - shared / 2 - (candidate.includes(wanted) ? wanted.length + candidate.length : 0);
  };
  const scored = TARGETS.map((t) => {
    const names = [t.name, ...t.aliases];
    const best = names.reduce((a, b) => (score(plain(b)) < score(plain(a)) ? b : a));
    return { name: best, score: score(plain(best)) };
  });
  return scored
    .sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map((s) => s.name);
}
