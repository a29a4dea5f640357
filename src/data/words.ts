/** Labels that are words, as class numbers by a table that is shown. */
import { CompressError, nearestNames } from '../errors.ts';
import { PARTS } from './dataset.ts';
import { sortClasses } from './image_names.ts';
import { listed, type RawPart, type RawParts } from './raw.ts';

const ALL = [...PARTS, 'all'] as const;
const presentIn = (parts: RawParts): RawPart[] => ALL.flatMap((name) => parts[name] ?? []);

/**
 * Parts with numbers in place of words. Words that are whole numbers from 0 are those numbers; others are numbered in the order of `stated`, else in
 * their own.
 *
 * @throws CompressError `bad-data` for a word that is not among those stated
 */
export function numberLabels(parts: RawParts, stated: readonly string[] | undefined, notes: string[]): RawParts {
  const present = presentIn(parts);
  const worded = present.filter((p) => p.words);
  if (worded.length === 0) {
    if (stated) for (const part of present) checkNumbered(part, stated);
    return stated ? { ...parts, classNames: stated } : parts;
  }
  if (worded.length < present.length) throw mixed(present);
  const counts = new Map<string, number>();
  for (const { words } of worded) for (const word of words!) counts.set(word, (counts.get(word) ?? 0) + 1);
  const areNumbers = !stated && !parts.classNames && [...counts.keys()].every((word) => /^(0|[1-9]\d{0,8})$/.test(word));
  const names = stated ?? sortClasses([...counts.keys(), ...(parts.classNames ?? [])]);
  const numbers = new Map(names.map((name, i) => [name, areNumbers ? Number(name) : i]));
  const numbered = (part: RawPart | undefined): RawPart | undefined => {
    if (!part) return undefined;
    const { words, ...rest } = part;
    return { ...rest, y: Int32Array.from(words!, (word, i) => numbers.get(word) ?? unknown(word, part, i, names)) };
  };
  const result = Object.fromEntries(ALL.flatMap((name) => (parts[name] ? [[name, numbered(parts[name])]] : [])));
  if (!areNumbers)
    notes.push(
      `classes: ${listed(
        names.map((name, i) => `${i} ${name}`),
        40,
      )}`,
    );
  noteRare(worded, counts, notes);
  noteAlike(names, notes);
  return { ...result, ...(!areNumbers && { classNames: names }) };
}

/** @throws CompressError `bad-data` for a class number that no name is stated for */
function checkNumbered(part: RawPart, stated: readonly string[]): void {
  const { y, count, where, origin } = part;
  if (!(y instanceof Int32Array) || y.length !== count) return;
  const beyond = y.findIndex((label) => label < 0 || label >= stated.length);
  if (beyond < 0) return;
  throw new CompressError(
    'bad-data',
    `${origin?.(beyond) ?? `${where}, example ${beyond}`} has the label ${y[beyond]}, and --classes names ${stated.length} classes, from 0 on`,
    'name a class for each number, in their order',
  );
}

function noteRare(parts: readonly RawPart[], counts: ReadonlyMap<string, number>, notes: string[]): void {
  for (const part of parts) {
    part.words!.forEach((word, i) => {
      if (counts.get(word) === 1) notes.push(`the label "${word}" occurs once: ${part.origin?.(i) ?? part.where}`);
    });
  }
}

/** Classes whose names differ in case or spaces alone may be one. */
function noteAlike(names: readonly string[], notes: string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const plain = name.toLowerCase().replace(/[\s_-]+/g, '');
    const other = seen.get(plain);
    if (other !== undefined) notes.push(`"${other}" and "${name}" are two classes: rename one if they mean the same`);
    else seen.set(plain, name);
  }
}

function unknown(word: string, part: RawPart, example: number, names: readonly string[]): never {
  throw new CompressError(
    'bad-data',
    `${part.origin?.(example) ?? part.where} has the label "${word}", which is none of the classes stated`,
    `did you mean "${nearestNames(word, names, 1)[0]}"? Else add it to --classes`,
  );
}

function mixed(parts: readonly RawPart[]): CompressError {
  const plain = parts.find((p) => !p.words)!;
  const worded = parts.find((p) => p.words)!;
  return new CompressError(
    'bad-data',
    `${worded.where} has words as labels, but ${plain.where} has ${plain.y ? 'numbers' : 'none'}`,
    'label all parts in the same way',
  );
}

/** Parts whose groups have numbers. Groups of one name in several parts are one group, and noted. */
export function numberGroups(parts: RawParts, notes: string[]): RawParts {
  const seen = new Map<string, { readonly number: number; readonly part: string }>();
  const shared = new Set<string>();
  const numbered = (part: RawPart | undefined, name: string): RawPart | undefined => {
    if (!part?.groupNames) return part;
    const { groupNames, ...rest } = part;
    const groups = Int32Array.from(groupNames, (group, i) => {
      const known = seen.get(group) ?? { number: seen.size, part: name };
      seen.set(group, known);
      if (known.part !== name && !shared.has(group)) {
        shared.add(group);
        if (shared.size <= 3)
          notes.push(`the group "${group}" is in ${known.part} and in ${name}: ${part.origin?.(i) ?? part.where}`);
      }
      return known.number;
    });
    return { ...rest, groups };
  };
  const result = Object.fromEntries(ALL.flatMap((name) => (parts[name] ? [[name, numbered(parts[name], name)]] : [])));
  if (shared.size > 3) notes.push(`${shared.size - 3} more groups are in several parts: what is measured on them is too good`);
  return { ...parts, ...result };
}
