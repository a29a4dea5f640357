import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type ExportCOptions, exportC } from '../c/export.ts';
import type { Trade } from '../c/parts.ts';
import type { Example } from '../c/project/example.ts';
import { exportTflm, type TflmOptions } from '../c/tflm/index.ts';
import { classesOf, type Dataset, frontEndIn, inputsOf, planBatch, takeBatch, withFrontEndOf } from '../data/index.ts';
import { sha256 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { quirksOf } from '../mcu/index.ts';
import { asStored } from '../model.ts';
import { bytes } from '../report/units.ts';
import { callOf } from '../run/feed.ts';
import type { Model } from '../stage.ts';
import { findTarget, type Target } from '../targets/index.ts';
import type { Runtime } from '../targets/runtime.ts';
import { checkNamed, exists, isEmpty, makeFolder, readBytes, readModel, writeWhole } from './files.ts';
import { type DataFlags, type IoFlags, readData } from './flags.ts';
import type { Output } from './output.ts';

export interface ExportCFlags extends DataFlags, IoFlags {
  readonly out: string;
  readonly target?: string;
  readonly name?: string;
  readonly force?: boolean;
  readonly trade?: Trade;
  readonly runtime: Runtime;
}

/** `export --format c`: a folder of C. */
export async function exportFolder(path: string, flags: ExportCFlags, out: Output): Promise<void> {
  const { out: folder, target } = flags;
  if (target === undefined) {
    throw new CompressError('bad-option', '--format c needs a chip', 'add --target MCU; `thumbnet targets` lists the chips');
  }
  checkNamed(folder, '--out', 'folder');
  const chip = findTarget(target);
  const read = await readModel(path);
  const name = flags.name ?? nameOf(path);
  const data = flags.data === undefined ? null : await readData(flags, read, out, { whole: flags.split === undefined });
  const model = withTypes(data ? { ...read, graph: withFrontEndOf(read.graph, data) } : read, flags.io);
  const examples = data ? examplesOf(asStored(model), data) : undefined;
  const { classNames } = data ?? {};
  const recipe = await recipeOf(path);
  if (flags.runtime !== 'thumbnet') warnOfDefects(asStored(model), chip, flags.runtime, out);
  const given = { name, examples, recipe };
  const { files, facts, sizes, notes } =
    flags.runtime === 'tflm'
      ? await tflmFiles(model, chip, given)
      : await ownFiles(model, chip, { ...given, classNames, trade: flags.trade, runtime: flags.runtime });
  await writeFolder(files, flags);
  const names = Object.keys(files);
  out.result({ format: 'c', runtime: flags.runtime, out: folder, files: names, ...facts }, () => {
    out.print(`written: ${folder} (${names.length} files)`);
    out.say(`${sizes}; README.md says how to build it`);
    for (const { layer, note } of notes) out.say(`"${layer}": ${note}`);
  });
}

/** The model with other types at its edges, which are part of its graph then. */
function withTypes(model: Model, io: IoFlags['io']): Model {
  if (io === undefined) return model;
  const { io: _, edges: __, ...facts } = model.facts;
  return { graph: asStored(model, io), facts };
}

/** What is written, and what is said of it. */
interface Exported {
  readonly files: Readonly<Record<string, string>>;
  readonly facts: object;
  readonly sizes: string;
  readonly notes: readonly { readonly layer: string; readonly note: string }[];
}

async function tflmFiles(model: Model, chip: Target, options: TflmOptions): Promise<Exported> {
  const { files, arena, operators, modelBytes } = await exportTflm(model, chip, options);
  const most = arena.exact ? '' : ' at most';
  return {
    files,
    facts: { modelBytes, arenaBytes: arena.bytes, exact: arena.exact, operators },
    sizes: `model ${bytes(modelBytes)}, arena ${arena.bytes} bytes${most}, ${operators.length} operators`,
    notes: frontEndIn(model.graph)
      ? [
          {
            layer: model.graph.tensors[model.graph.inputs[0]].name,
            note: 'the front end is not in this folder: --runtime thumbnet writes it',
          },
        ]
      : [],
  };
}

async function ownFiles(
  model: Model,
  chip: Target,
  { runtime, ...options }: ExportCOptions & { readonly runtime: Runtime },
): Promise<Exported> {
  const kernels = runtime === 'cmsis-nn' ? 'cmsis-nn' : 'own';
  const { files, network, constantBytes, notes } = await exportC(model, chip, { ...options, kernels }).catch(asBadInput);
  const { arenaBytes, stateBytes } = network;
  return {
    files,
    facts: { constantBytes, arenaBytes, stateBytes, notes },
    sizes: `constants ${bytes(constantBytes)}, arena ${bytes(arenaBytes)}`,
    notes,
  };
}

async function writeFolder(files: Readonly<Record<string, string>>, { out: folder, force = false }: ExportCFlags): Promise<void> {
  await checkFolder(folder, new Set(Object.keys(files).map((file) => file.split('/')[0])), force);
  await makeFolder(folder);
  for (const [file, text] of Object.entries(files)) await writeWhole(join(folder, file), text);
}

/** Where CMSIS-NN's kernels answer otherwise than an operator's definition. */
function warnOfDefects(graph: Graph, { kind, name }: Target, runtime: Runtime, out: Output): void {
  // Generated calls give depthwise weights of 4 bits a byte each.
  const found = quirksOf(graph, kind).filter(({ quirk }) => runtime === 'tflm' || quirk !== 'depthwise_s4_odd_input_ch');
  for (const { node, what } of found) out.warn(`"${node}" hits a defect of CMSIS-NN on ${name}: ${what}`);
}

/** A model that does not fit is a wrong input here: nothing is written. */
function asBadInput(e: unknown): never {
  if (e instanceof CompressError && e.code === 'does-not-fit') throw new CompressError('bad-option', e.what, e.fix);
  throw e;
}

/** The file's own name, as C can hold it. */
function nameOf(path: string): string {
  const plain = basename(path, extname(path))
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 40);
  return /^[A-Za-z]/.test(plain) ? plain : `model_${plain}`;
}

/** @param own what an export writes; with `force` it may be there already */
async function checkFolder(folder: string, own: ReadonlySet<string>, force: boolean): Promise<void> {
  if (await isEmpty(folder, (name) => force && own.has(name))) return;
  const names = await readdir(folder).catch(() => [] as string[]);
  const other = names.find((name) => !own.has(name));
  throw new CompressError(
    'exists',
    `"${folder}" ${names.length ? `holds ${other ?? names[0]} already` : 'is no folder'}`,
    other === undefined && names.length
      ? 'choose another --out, or add --force to replace an export'
      : 'choose an --out that is empty or new',
  );
}

/** How many examples of data `main.c` holds. */
const EXAMPLES = 2;

/** The first examples of different classes, as the model takes them; of an example that is several calls the first. */
function examplesOf(graph: Graph, data: Dataset): Example[] {
  const part = data.test ?? data.validation ?? data.train!;
  const plan = planBatch(data, inputsOf(graph));
  const [output] = graph.outputs;
  const known = classesOf(part);
  const classes = known?.every((c) => c < sizeOf(graph.tensors[output].shape)) ? known : null;
  const chosen: number[] = [];
  for (let i = 0; i < part.count && chosen.length < EXAMPLES; i++) {
    if (!classes || chosen.every((k) => classes[k] !== classes[i])) chosen.push(i);
  }
  return chosen.map((i) => ({
    inputs: takeBatch(plan, part, [i]).map((values) => callOf(values, 0, plan.calls)),
    expected: classes && plan.calls === 1 ? classes[i] : null,
  }));
}

/** The digest of the recipe that `compress` and `run` write beside their model. */
async function recipeOf(path: string): Promise<string | undefined> {
  const file = join(dirname(path), 'recipe.json');
  if (basename(path) !== 'model.tflite' || !(await exists(file))) return undefined;
  return sha256(await readBytes(file, 'the recipe'));
}
