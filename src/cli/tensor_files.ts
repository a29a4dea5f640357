/** Raw tensors in files: .npy, several in an .npz, one file for each input or output. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { arraysOfInputs, isZip, type NamedArrays, type NpyArray, npzArrays, readNpy, writeNpy } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { fileShape, toGraphOrder } from '../graph/file_order.ts';
import { newValues, sizeOf, type Tensor, type Values } from '../graph/graph.ts';
import { checkOutput, makeFolder, readBytes, writeWhole } from './files.ts';

/** What one input is given: [examples, ...shape] of its own type. */
export interface Fed {
  readonly values: Values;
  readonly examples: number;
}

/**
 * The arrays for all inputs of a model.
 *
 * @param given NAME=file.npy for each, files in the model's order, or one .npz or folder with an array for each
 */
export async function readInputs(given: readonly string[], inputs: readonly Tensor[]): Promise<Fed[]> {
  const arrays = await arraysGiven(given, inputs);
  const fed = arrays.map(({ array, where }, i) => {
    const { examples, isFileOrder } = countOf(array.shape, inputs[i], where);
    const values = convert(array.data, inputs[i].dtype, where);
    return { values: isFileOrder ? toGraphOrder(inputs[i], values) : values, examples, where };
  });
  const odd = fed.find(({ examples }) => examples !== fed[0].examples);
  if (!odd) return fed;
  throw new CompressError(
    'shape-mismatch',
    `${odd.where} has ${odd.examples} examples, but ${fed[0].where} has ${fed[0].examples}`,
    'give as many examples for each input, in one order',
  );
}

interface Given {
  readonly array: NpyArray;
  readonly where: string;
}

const listed = (tensors: readonly Tensor[]): string => tensors.map((t) => `"${t.name}" [${fileShape(t)}]`).join(', ');

async function arraysGiven(given: readonly string[], inputs: readonly Tensor[]): Promise<Given[]> {
  if (given.length === 1 && !namesOne(given[0], inputs)) {
    const several = await archiveOf(given[0]);
    if (several)
      return arraysOfInputs(several, inputs).map((name) => ({ array: several.read(name), where: `${given[0]}:${name}` }));
  }
  const files = assigned(given, inputs);
  const arrays: Given[] = [];
  for (const file of files) arrays.push({ array: readNpy(await readBytes(file, 'the input'), file), where: file });
  return arrays;
}

/** Whether it is NAME=file for an input of the model. */
const namesOne = (text: string, inputs: readonly Tensor[]): boolean => inputs.some(({ name }) => text.startsWith(`${name}=`));

/** The file of each input, by name or in order. */
function assigned(given: readonly string[], inputs: readonly Tensor[]): string[] {
  const byName = new Map<string, string>();
  const inOrder: string[] = [];
  for (const text of given) {
    const input = inputs.find(({ name }) => text.startsWith(`${name}=`));
    if (input) byName.set(input.name, text.slice(input.name.length + 1));
    else inOrder.push(text);
  }
  const files = inputs.map(({ name }) => byName.get(name) ?? inOrder.shift());
  if (files.every((f) => f !== undefined) && inOrder.length === 0) return files;
  throw new CompressError(
    'bad-option',
    `the model takes ${inputs.length} input${inputs.length > 1 ? 's' : ''}, ${listed(inputs)}, but ${given.length} ${given.length === 1 ? 'file is' : 'files are'} given`,
    inputs.length > 1
      ? `give each: ${inputs.map(({ name }) => `--input ${name}=FILE.npy`).join(' ')}; or one .npz or folder with arrays of these names`
      : 'give one --input',
  );
}

/** The arrays of an .npz or of a folder of .npy files; null for another file. */
async function archiveOf(path: string): Promise<NamedArrays | null> {
  if (existsSync(path) && statSync(path).isDirectory()) {
    const names = readdirSync(path).flatMap((name) => (name.endsWith('.npy') ? [name.slice(0, -4)] : []));
    const files = new Map<string, Uint8Array>();
    for (const name of names) files.set(name, await readBytes(join(path, `${name}.npy`), 'the input'));
    const fileOf = (name: string) => join(path, `${name}.npy`);
    return { where: path, names: names.sort(), read: (name) => readNpy(files.get(name)!, fileOf(name)), fileOf };
  }
  const bytes = await readBytes(path, 'the input');
  return isZip(bytes) ? npzArrays(bytes, path, { notes: [] }) : null;
}

/** How many examples an array holds, and whether its axes are as in the model's own file. */
function countOf(shape: readonly number[], input: Tensor, name: string): { examples: number; isFileOrder: boolean } {
  const total = sizeOf(shape);
  const squeeze = (s: readonly number[]) => s.filter((d) => d !== 1).join();
  const fits = (wanted: readonly number[]) =>
    squeeze(shape) === squeeze(wanted) || (squeeze(shape.slice(1)) === squeeze(wanted.slice(1)) && total > 0);
  const examples = total / sizeOf(input.shape);
  const own = fileShape(input);
  if (fits(own)) return { examples, isFileOrder: true };
  if (fits(input.shape)) return { examples, isFileOrder: false };
  throw new CompressError(
    'shape-mismatch',
    `${name} is [${shape}], but the model takes [${own}]`,
    `give an array of [n, ${own.slice(1).join(', ')}]`,
  );
}

function convert(data: ArrayLike<number> | ArrayLike<bigint>, dtype: Tensor['dtype'], name: string): Values {
  const values = newValues(dtype, data.length);
  for (let i = 0; i < data.length; i++) {
    const v = Number(data[i]);
    values[i] = v as never;
    if (Number.isFinite(v) && (Number(values[i]) === v || (dtype === 'f32' && Number.isFinite(values[i])))) continue;
    if (!Number.isFinite(v)) {
      const what = Number.isNaN(v) ? 'NaN' : 'infinite';
      throw new CompressError('bad-data', `${name}: element ${i} is ${what}`, 'give finite numbers');
    }
    throw new CompressError(
      'bad-data',
      `${name}: element ${i} is ${v}, which the model's input type ${dtype} cannot hold`,
      `give raw values of type ${dtype}`,
    );
  }
  return values;
}

/** The file of each output. */
export interface Places {
  /** A file for each output in the model's order; one .npz has them all. */
  readonly files: readonly string[];
  readonly archive: boolean;
}

/**
 * @param given NAME=file.npy for each output, files in the model's order, one .npz, a folder (with `/` at its end), or for several outputs one
 *   `y.npy`, beside which they are named `y_NAME.npy`
 */
export async function outputPlaces(given: readonly string[], outputs: readonly Tensor[], force: boolean): Promise<Places> {
  const archive = given.length === 1 && given[0].endsWith('.npz');
  const files = archive ? [given[0]] : filesOf(given, outputs);
  if (!archive && given.length === 1 && given[0].endsWith('/')) await makeFolder(given[0], '--output');
  for (const file of files) await checkOutput(file, { force, flag: '--output' });
  return { files, archive };
}

function filesOf(given: readonly string[], outputs: readonly Tensor[]): string[] {
  const fileNames = namesForFiles(outputs);
  const [first] = given;
  const named = outputs.some(({ name }) => first.startsWith(`${name}=`));
  if (given.length === 1 && first.endsWith('/')) return fileNames.map((name) => join(first, `${name}.npy`));
  if (given.length === 1 && outputs.length > 1 && !named) {
    const stem = first.replace(/\.npy$/, '');
    return fileNames.map((name) => `${stem}_${name}.npy`);
  }
  const byName = outputs.map(({ name }) => given.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1));
  if (byName.every((f) => f !== undefined)) return byName;
  if (given.length === outputs.length && byName.every((f) => f === undefined)) return [...given];
  throw new CompressError(
    'bad-option',
    `the model has ${outputs.length} outputs, ${listed(outputs)}, but ${given.length} files are named`,
    `name each: ${outputs.map(({ name }) => `--output ${name}=FILE.npy`).join(' ')}; or one .npz for all`,
  );
}

/** Names of tensors as names of files, no two alike. */
function namesForFiles(tensors: readonly Tensor[]): string[] {
  const plain = tensors.map(({ name }) => name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(-80));
  return plain.map((name, i) => (plain.indexOf(name) === i && name !== '' ? name : `${name}_${i}`));
}

/** Files are the same whenever they are written: zip archives hold no time. */
const NO_TIME = new Date(1980, 0, 1);

export async function writeOutputs(
  { files, archive }: Places,
  outputs: readonly Tensor[],
  results: readonly { readonly values: Values; readonly shape: readonly number[] }[],
): Promise<void> {
  const arrays = results.map(({ values, shape }) => writeNpy(writable(values), shape));
  if (archive) {
    const names = namesForFiles(outputs);
    const members = Object.fromEntries(arrays.map((bytes, i) => [`${names[i]}.npy`, bytes]));
    return writeWhole(files[0], zipSync(members, { mtime: NO_TIME }), '--output');
  }
  for (const [i, bytes] of arrays.entries()) await writeWhole(files[i], bytes, '--output');
}

/** int64 activations do not occur; everything else numpy knows. */
export const writable = (values: Values) => values as Exclude<Values, BigInt64Array>;
