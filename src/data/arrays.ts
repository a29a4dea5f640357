/** Which array of many holds examples and which labels: by the model's names, by those people give them, by shape. */
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { toLabels } from './labels.ts';
import { type Group, type Meaning, meaningOf, plainName, withoutLabelWord } from './names.ts';
import { type NpyArray, readNumbersOrWords } from './npy.ts';
import { listed, type RawPart, type RawParts, type Reading, toSamples, type WantedInput } from './raw.ts';
import { isOfSystem } from './system.ts';
import { unzip, zipNames } from './zip.ts';

export interface NamedArrays {
  /** How messages call the whole. */
  readonly where: string;
  readonly names: readonly string[];
  read(name: string): NpyArray;
  /** The file that holds an array. */
  fileOf(name: string): string;
}

/** The arrays of an .npz archive; each is unpacked when it is read. */
export function npzArrays(bytes: Uint8Array, where: string, { notes }: Pick<Reading, 'notes'>): NamedArrays {
  const inside = zipNames(bytes, where);
  const names = inside.flatMap((name) => (name.endsWith('.npy') && !isOfSystem(name) ? [name.slice(0, -4)] : []));
  const others = inside.filter((name) => !name.endsWith('.npy') || isOfSystem(name));
  if (others.length) notes.push(`not used in ${where}: ${listed(others)}`);
  const read = (name: string) => {
    const file = `${name}.npy`;
    return readNumbersOrWords(unzip(bytes, where, (n) => n === file).get(file)!, `${where}:${name}`);
  };
  return { where, names, read, fileOf: () => where };
}

interface Named {
  readonly name: string;
  readonly meaning: Meaning;
}

/** Arrays that are the inputs of one part, in the order of the dataset's inputs, and its labels. */
interface Chosen {
  readonly inputs: readonly { readonly array: string; readonly input: string }[];
  readonly labels: string | null;
}

/** @throws CompressError `bad-file` when no array can be the examples, or an input of the model has none */
export function partsOfArrays(given: NamedArrays, reading: Reading): RawParts {
  const arrays = fourUnnamed(given, reading) ?? given;
  const all = arrays.names.map((name): Named => ({ name, meaning: meaningOf(name) }));
  const parts: { [name in Group]?: RawPart } = {};
  const used = new Set<string>();
  const isSplit = all.some(({ meaning }) => meaning.group !== 'all' && meaning.kind !== 'labels');
  for (const group of isSplit ? (['train', 'validation', 'test'] as const) : (['all'] as const)) {
    const members = all.filter(({ meaning }) => meaning.group === group);
    const chosen = choose(arrays, members, all.length === 1, reading);
    if (!chosen) continue;
    for (const { array } of chosen.inputs) used.add(array);
    if (chosen.labels !== null) used.add(chosen.labels);
    parts[group] = readPart(arrays, chosen);
  }
  if (!Object.keys(parts).length) throw nothingNamed(arrays, reading);
  const unused = arrays.names.filter((name) => !used.has(name));
  if (unused.length)
    reading.notes.push(`not used in ${arrays.where}: the array${unused.length > 1 ? 's' : ''} ${listed(unused)}`);
  return parts;
}

/** numpy.savez(x_train, y_train, x_test, y_test) or (x_train, x_test, y_train, y_test), told apart by their counts and shapes; null where that says nothing. */
function fourUnnamed(arrays: NamedArrays, { notes }: Reading): NamedArrays | null {
  if (arrays.names.length !== 4 || arrays.names.some((_, i) => !arrays.names.includes(`arr_${i}`))) return null;
  const shapes = [0, 1, 2, 3].map((i) => arrays.read(`arr_${i}`).shape);
  const fits = (xa: number, ya: number, xb: number, yb: number) =>
    shapes[xa].length > 1 &&
    shapes[xa][0] === shapes[ya][0] &&
    shapes[xb][0] === shapes[yb][0] &&
    String(shapes[xa].slice(1)) === String(shapes[xb].slice(1));
  const orders = [
    [0, 1, 2, 3],
    [0, 2, 1, 3],
  ].filter(([xa, ya, xb, yb]) => fits(xa, ya, xb, yb));
  if (orders.length !== 1) return null;
  const named = new Map(['x_train', 'y_train', 'x_test', 'y_test'].map((name, i) => [name, `arr_${orders[0][i]}`]));
  notes.push(`${arrays.where}: ${[...named].map(([name, own]) => `${own} is taken for ${name}`).join(', ')}`);
  return {
    ...arrays,
    names: [...named.keys()],
    read: (name) => arrays.read(named.get(name)!),
    fileOf: (name) => arrays.fileOf(named.get(name)!),
  };
}

/**
 * For each input of a model the name of its array, by the same rules.
 *
 * @throws CompressError `bad-data` naming an input without one
 */
export function arraysOfInputs(arrays: NamedArrays, inputs: readonly WantedInput[]): string[] {
  const reading: Reading = { inputs, outputs: [], labels: null, stated: {}, channels: null, notes: [] };
  const all = arrays.names.map((name): Named => ({ name, meaning: meaningOf(name) }));
  const chosen = choose(arrays, all, all.length === 1, reading);
  if (!chosen) throw nothingNamed(arrays, reading);
  return chosen.inputs.map(({ array }) => array);
}

/** null where a part has no examples. */
function choose(arrays: NamedArrays, members: readonly Named[], isLone: boolean, reading: Reading): Chosen | null {
  const count = reading.inputs?.length ?? 1;
  // numpy.savez without names: the inputs in their order, then the labels.
  const unnamed = (name: string) => name === `arr_${count}`;
  const byRank = (a: Named, b: Named) => a.meaning.rank - b.meaning.rank || (a.meaning.number ?? 0) - (b.meaning.number ?? 0);
  const isStated = ({ name, meaning }: Named) =>
    name === reading.labels || (reading.labels !== null && meaning.rest === plainName(reading.labels));
  const labels =
    (reading.labels === null
      ? (members.filter((m) => m.meaning.kind === 'labels').sort(byRank)[0] ??
        members.find(({ name }) => unnamed(name)) ??
        labelsOfOutput(arrays, members, reading))
      : members.find(isStated)) ?? null;
  const rest = members.filter((m) => m !== labels && m.meaning.kind !== 'labels');
  const usual = rest.filter((m) => m.meaning.kind === 'examples').sort(byRank);
  const inputs = reading.inputs ? inputsOfModel(arrays, rest, usual, reading) : inputsByName(isLone ? rest : usual);
  return inputs && { inputs, labels: labels?.name ?? null };
}

/** The array that is named as an output of the model: `out`, `y_out` or `out_labels`. */
function labelsOfOutput({ where }: NamedArrays, members: readonly Named[], { outputs }: Reading): Named | undefined {
  const found = members.filter(
    ({ meaning }) => meaning.kind === 'other' && outputs.some((name) => plainName(name) === withoutLabelWord(meaning.rest)),
  );
  if (found.length < 2) return found[0];
  const names = found.map(({ name }) => `"${name}"`).join(', ');
  throw new CompressError(
    'bad-option',
    `${where} holds labels for several outputs of the model: ${names}`,
    'name one of them by --labels, or the output by --output',
  );
}

/** Without a model: `x`, or `x0`, `x1` ... in their order. */
function inputsByName(usual: readonly Named[]): Chosen['inputs'] | null {
  if (usual.length === 0) return null;
  const family = usual.filter(({ meaning }) => meaning.rank === usual[0].meaning.rank);
  if (family.some((m) => /^arr_\d+$/.test(m.name))) return [{ array: 'arr_0', input: 'x' }];
  return family.map(({ name }) => ({ array: name, input: family.length > 1 ? name : 'x' }));
}

/** For each input of the model an array: by its name, else by number and order, else by a shape that fits no other. */
function inputsOfModel(
  arrays: NamedArrays,
  rest: readonly Named[],
  usual: readonly Named[],
  reading: Reading,
): Chosen['inputs'] | null {
  const inputs = reading.inputs!;
  const found = new Map<WantedInput, string>();
  for (const input of inputs) {
    const own = rest.find(({ meaning }) => meaning.rest === plainName(input.name));
    if (own) found.set(input, own.name);
  }
  const family = usual.filter(({ meaning }) => meaning.rank === usual[0].meaning.rank);
  const inOrder = () => {
    if (found.size === 0 && family.length >= inputs.length) inputs.forEach((input, i) => void found.set(input, family[i].name));
  };
  const hasShape = (input: WantedInput, i: number) => squeezed(arrays.read(family[i].name).shape) === squeezed(input.shape);
  if (inputs.length === 1 || (family.length >= inputs.length && inputs.every(hasShape))) inOrder();
  if (found.size < inputs.length) fitByShape(arrays, rest, inputs, found, reading);
  inOrder(); // differing shapes are refused later, with a fix
  if (found.size === 0) return null;
  const missing = inputs.filter((input) => !found.has(input));
  if (missing.length) throw lacking(arrays, inputs, missing, found);
  return inputs.map((input) => ({ array: found.get(input)!, input: input.name }));
}

const squeezed = (shape: readonly number[] | null): string | undefined =>
  shape
    ?.slice(1)
    .filter((n) => n !== 1)
    .join();

function fitByShape(
  arrays: NamedArrays,
  rest: readonly Named[],
  inputs: readonly WantedInput[],
  found: Map<WantedInput, string>,
  { notes }: Reading,
): void {
  const free = rest.filter(({ name }) => ![...found.values()].includes(name));
  const shapes = new Map(free.map(({ name }) => [name, squeezed(arrays.read(name).shape)]));
  const open = inputs.filter((input) => !found.has(input));
  for (const input of open) {
    const shape = squeezed(input.shape);
    const fitting = free.filter(({ name }) => shapes.get(name) === shape);
    if (fitting.length !== 1 || open.filter((other) => squeezed(other.shape) === shape).length !== 1) continue;
    found.set(input, fitting[0].name);
    notes.push(`${arrays.where}: "${fitting[0].name}" is taken for the model's input "${input.name}", which has its shape`);
  }
  // One input and one array of examples match in any shapes: differing shapes are refused later, with a fix.
  const usual = free.filter(({ meaning }) => meaning.kind === 'examples');
  if (inputs.length === 1 && found.size === 0 && (usual.length > 0 || free.length === 1)) {
    found.set(inputs[0], (usual[0] ?? free[0]).name);
  }
}

function lacking(
  arrays: NamedArrays,
  inputs: readonly WantedInput[],
  missing: readonly WantedInput[],
  found: ReadonlyMap<WantedInput, string>,
): CompressError {
  const list = (all: readonly WantedInput[]) =>
    all.map(({ name, shape }) => (shape ? `"${name}" [${shape.slice(1)}]` : `"${name}"`)).join(' and ');
  const taken = [...found].map(([input, name]) => `"${name}" is "${input.name}"`).join(', ');
  return new CompressError(
    'bad-data',
    `the model takes ${inputs.length} inputs, but ${arrays.where} holds nothing for ${list(missing)} (${taken})`,
    `add an array for each input by its name, ${list(inputs)}, or name them x0, x1 ... in the model's order`,
  );
}

function nothingNamed({ where, names }: NamedArrays, { inputs }: Reading): CompressError {
  const wanted = inputs && inputs.length > 1 ? inputs.map((i) => `"${i.name}"`).join(', ') : 'x';
  return new CompressError(
    'bad-file',
    names.length ? `${where} holds the arrays ${listed(names)}, none of them named as examples` : `${where} holds no arrays`,
    `name the examples ${wanted} and the labels y (or x_train, y_train, x_test, y_test)`,
  );
}

function readPart(arrays: NamedArrays, { inputs, labels }: Chosen): RawPart {
  const place = (name: string) => (arrays.names.length > 1 ? `${arrays.fileOf(name)}:${name}` : arrays.fileOf(name));
  const read = inputs.map(({ array, input }) => ({ input, where: place(array), array: arrays.read(array) }));
  for (const { array, where } of read) checkShape(array, where, read[0]);
  const [count] = read[0].array.shape;
  const labelled = labels === null ? {} : labelsOf(arrays.read(labels), count, `${arrays.fileOf(labels)}:${labels}`);
  const names = [...inputs.map((i) => i.array), ...(labels === null ? [] : [labels])];
  return {
    inputs: read.map(({ array, where }) => toSamples(array, where)),
    info: read.map(({ input, array }) => ({ name: input, shape: array.shape.slice(1) })),
    y: null,
    ...labelled,
    count,
    where: read[0].where,
    files: [...new Set(names.map((name) => arrays.fileOf(name)))],
  };
}

/** Numbers, or one word for each example. */
function labelsOf(array: NpyArray, count: number, where: string): Pick<RawPart, 'y' | 'words' | 'origin'> {
  const { words, shape } = array;
  if (!words) return { y: toLabels(array, count, where) };
  if (shape[0] === count && words.length === count) return { y: null, words, origin: (i) => `${where}, element ${i}` };
  throw new CompressError(
    'bad-data',
    `${where}: labels have shape [${shape}] but there are ${count} examples`,
    'give one word for each example',
  );
}

function checkShape({ shape }: NpyArray, where: string, first: { readonly array: NpyArray; readonly where: string }): void {
  if (shape.length < 2) {
    throw new CompressError(
      'shape-mismatch',
      `${where} has shape [${shape}]`,
      'give examples as [count, ...shape of one example]',
    );
  }
  if (sizeOf(shape) === 0) throw empty(where);
  const [count] = first.array.shape;
  if (shape[0] === count) return;
  throw new CompressError(
    'shape-mismatch',
    `${where} has ${shape[0]} examples, but ${first.where} has ${count}`,
    'give as many examples for each input, in one order',
  );
}

export const empty = (where: string) =>
  new CompressError('bad-data', `${where} holds no examples`, 'give a file with at least one example of at least one number');
