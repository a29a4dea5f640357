import { isZip } from '../../data/marks.ts';
import { unzip } from '../../data/zip.ts';
import type { Attachments, Graph } from '../../graph/graph.ts';
import { showShape, sizeOf } from '../../graph/graph.ts';
import { checked, MOST_ELEMENTS } from '../checked.ts';
import { Draft } from '../draft.ts';
import type { FileModel } from '../format.ts';
import { channelsLast } from '../layout.ts';
import { located } from '../located.ts';
import { tidied } from '../tidy.ts';
import { inputShape, isModel, type LayerConfig, type ModelConfig, modelOf, parseConfig, type Reference } from './config.ts';
import { badFile, type Hdf5, openHdf5, unsupported } from './hdf5.ts';
import { Call, type Layer } from './layer.ts';
import { LAYERS } from './layers/index.ts';
import { bidirectional, kindOf } from './layers/recurrent.ts';
import { openNpz } from './npz.ts';
import { legacyWeights, numberedWeights, type Place, snakeCase, type Weights } from './weights.ts';

/**
 * Reads a model that Keras 2 or 3 saved whole: `.h5`, or `.keras` with its weights in HDF5 or an .npz.
 *
 * @throws CompressError `bad-file` for bytes that are not a valid model, `unsupported` naming the first layer that is not known
 */
export async function readKeras(bytes: Uint8Array): Promise<FileModel> {
  return isZip(bytes) ? readArchive(bytes) : readHdf5(bytes);
}

const decoder = new TextDecoder();

async function readHdf5(bytes: Uint8Array): Promise<FileModel> {
  const file = openHdf5(bytes);
  const config = file.texts('/', 'model_config')?.[0];
  if (!config) {
    const fix = 'save the whole model, not its weights alone: model.save("model.keras")';
    const isWeights = file.texts('/', 'layer_names') ?? file.keys('/layers').length;
    throw unsupported(isWeights ? 'the file holds weights without a network' : 'this HDF5 file is no Keras model', fix);
  }
  const version = file.texts('/', 'keras_version') ?? file.texts('/model_weights', 'keras_version') ?? ['2'];
  return build(parseConfig(config), legacyWeights(file, '/model_weights'), Number.parseInt(version[0], 10), otherParts(file));
}

/** What the state of a training leaves in a file. */
const otherParts = (file: Hdf5): string[] =>
  file.keys('/').some((name) => name.startsWith('optimizer'))
    ? ['the state of the optimizer is left out: training begins anew']
    : [];

const WEIGHTS = 'model.weights.h5';
const NPZ = 'model.weights.npz';

async function readArchive(bytes: Uint8Array): Promise<FileModel> {
  const files = unzip(bytes, 'the .keras file', (name) => ['config.json', 'metadata.json', WEIGHTS, NPZ].includes(name));
  const config = files.get('config.json');
  if (!config) throw badFile('it lacks config.json');
  const weights = files.get(WEIGHTS);
  if (!weights) {
    const npz = files.get(NPZ);
    if (!npz) throw badFile(`it lacks ${WEIGHTS}`);
    return build(parseConfig(decoder.decode(config)), numberedWeights(openNpz(npz)), 3, []);
  }
  const file = openHdf5(weights);
  return build(parseConfig(decoder.decode(config)), numberedWeights(file), 3, otherParts(file));
}

function build(config: ModelConfig, weights: Weights, version: number, notes: readonly string[]): FileModel {
  const draft = new Draft();
  const inputs: number[] = [];
  const outputs = addModel({ draft, version, inputs }, config, weights, null);
  if (!inputs.length) throw badFile('the model has no input');
  const tensors = draft.tensors.map((t, i) => {
    const place = outputs.indexOf(i);
    return place < 0 || inputs.includes(i) ? t : { ...t, name: config.outputs[place].layer };
  });
  const graph: Graph = { name: config.name, tensors, nodes: draft.nodes, inputs, outputs };
  const attachments: Attachments = {
    format: 'keras',
    description: '',
    signatures: [],
    metadata: [],
    files: {},
    anyBatch: true,
    about: { interface: '', operators: '' },
  };
  return { graph: { ...checked(tidied(channelsLast(graph)), badFile), attachments }, notes };
}

interface Work {
  readonly draft: Draft;
  readonly version: number;
  /** Inputs of the outermost model. */
  readonly inputs: number[];
}

const keyOf = ({ layer, node, tensor }: Reference): string => `${layer} ${node} ${tensor}`;

/** Adds the layers of a model. @param given what a model inside another is called with. @returns its outputs */
function addModel(work: Work, model: ModelConfig, weights: Weights, given: readonly number[] | null): number[] {
  const found = new Map<string, number>();
  const counts = new Map<string, number>();
  const places = new Map<string, Place>();
  for (const { name, className } of model.layers) {
    const snake = snakeCase(className);
    const number = counts.get(snake) ?? 0;
    counts.set(snake, number + 1);
    places.set(name, { name, className, number });
  }
  const first = firstNodes(model);
  const add = (layer: LayerConfig, node: number, results: readonly number[]) => {
    results.forEach((t, tensor) => {
      found.set(keyOf({ layer: layer.name, node, tensor }), t);
    });
  };
  const pending = model.layers.flatMap((layer) => {
    if (layer.className !== 'InputLayer')
      return layer.calls.map((references, i) => ({ layer, node: first(layer) + i, references }));
    add(layer, 0, [given ? given[inputPlace(model, layer)] : addInput(work, layer)]);
    return [];
  });
  // calls are in the order of layers, which is not always that of the data
  for (let waiting = pending; waiting.length; ) {
    const rest = waiting.filter(({ layer, node, references }) => {
      const operands = references.map((r) => found.get(keyOf(r)));
      if (operands.some((t) => t === undefined)) return true;
      add(layer, node, addLayer(work, layer, weights, places.get(layer.name)!, operands as number[]));
      return false;
    });
    if (rest.length === waiting.length) {
      const [{ layer, references }] = rest;
      const missing = references.find((r) => !found.has(keyOf(r)))!;
      throw badFile(`the layer "${layer.name}" waits for "${missing.layer}", which nothing computes`);
    }
    waiting = rest;
  }
  return model.outputs.map((r) => {
    const t = found.get(keyOf(r));
    if (t === undefined) throw badFile(`the output "${r.layer}" is never computed`);
    return t;
  });
}

/** The number of a layer's first call: a model inside a model may have been called once when it was built. */
function firstNodes({ layers, outputs }: ModelConfig): (layer: LayerConfig) => number {
  const all = [...outputs, ...layers.flatMap((l) => l.calls.flat())];
  return ({ name, className }) => {
    const nodes = isModel(className) ? all.filter((r) => r.layer === name).map((r) => r.node) : [0];
    return nodes.length ? Math.min(1, ...nodes) : 0;
  };
}

function inputPlace(model: ModelConfig, { name }: LayerConfig): number {
  const place = model.inputs.findIndex((r) => r.layer === name);
  if (place < 0) throw badFile(`the input layer "${name}" is no input of "${model.name}"`);
  return place;
}

function addInput({ draft, inputs }: Work, { name, config }: LayerConfig): number {
  const shape = inputShape(config);
  if (!shape) throw badFile(`the input "${name}" has no shape`);
  const open = shape.findIndex((d, i) => i > 0 && !(Number(d) > 0));
  if (open > 0) {
    throw unsupported(
      `dimension ${open} of the input "${name}" is open`,
      'build the model with fixed sizes: Input(shape=(96, 96, 3))',
    );
  }
  const dims = [1, ...shape.slice(1).map(Number)];
  if (sizeOf(dims) > MOST_ELEMENTS) throw badFile(`the input "${name}" has the shape ${showShape(dims)}`);
  const t = draft.add({ name, shape: dims, dtype: 'f32', data: null, quant: null });
  inputs.push(t);
  return t;
}

const CUSTOM_FIX = 'build the model of layers of Keras itself, or export it to ONNX or .tflite';

function addLayer(work: Work, layer: LayerConfig, weights: Weights, place: Place, operands: readonly number[]): number[] {
  const { name, className, config, registered } = layer;
  if (registered !== null) throw unsupported(`the layer "${name}" is of the custom class "${registered}"`, CUSTOM_FIX);
  if (isModel(className)) return addModel(work, modelOf({ class_name: className, config }, 1), weights.inside(place), operands);
  if (className === 'TimeDistributed') return addLayer(work, ...inTime(layer, weights, place), operands);
  if (className === 'Bidirectional') return addBothWays(work, layer, weights, place, operands);
  const known: Layer | undefined = Object.hasOwn(LAYERS, className) ? LAYERS[className] : undefined;
  if (!known) {
    const list = Object.keys(LAYERS).sort().join(', ');
    throw unsupported(`the layer "${name}" is of the class "${className}", which is not known`, `build the model of: ${list}`);
  }
  const roles = known.roles?.(config) ?? [];
  const call = new Call(work.draft, name, config, operands, weights.of({ ...place, within: known.within }, roles), work.version);
  const found = located(`the layer "${name}" (${className})`, () => known.build(call), `"${name}"`);
  const results = typeof found === 'number' ? [found] : found;
  // what a layer gives has its name; nodes before it have theirs beside it
  const [last] = results;
  if (results.length === 1 && !operands.includes(last) && work.draft.tensors[last].name.startsWith(`${name}/`))
    work.draft.rename(last, name);
  return results;
}

interface Inner {
  readonly class_name?: unknown;
  readonly config?: LayerConfig['config'];
}

/** A recurrent layer that runs forwards, and one that runs backwards: the same again, unless the file has another. */
function addBothWays(
  work: Work,
  { name, config }: LayerConfig,
  weights: Weights,
  place: Place,
  operands: readonly number[],
): number[] {
  const inner = config.layer as Inner | undefined;
  const kind = kindOf(String(inner?.class_name ?? ''), name);
  const roles = LAYERS[String(inner!.class_name)].roles!;
  const back = (config.backward_layer ?? null) as Inner | null;
  const side = (within: string, of: LayerConfig['config']) => {
    const found = weights.of({ ...place, within: [within, 'cell'] }, roles(of));
    return new Call(work.draft, `${name}/${within.replace('_layer', '')}`, of, operands, found, work.version);
  };
  const own = inner!.config ?? {};
  const backwards = back?.config ?? { ...own, go_backwards: own.go_backwards !== true };
  const calls = [side('forward_layer', own), side('backward_layer', backwards)] as const;
  const mode = config.merge_mode === undefined ? 'concat' : config.merge_mode;
  const results = located(`the layer "${name}" (Bidirectional)`, () => bidirectional(kind, calls, mode), `"${name}"`);
  if (results.length === 1) work.draft.rename(results[0], name);
  return results;
}

/** Layers that do the same to every place in time as to one. */
const PLACEWISE = new Set(['Dense', 'Activation', 'ReLU', 'LeakyReLU', 'Dropout', 'Softmax', 'BatchNormalization']);

/** The layer in a TimeDistributed, with its weights. */
function inTime({ name, config }: LayerConfig, weights: Weights, place: Place): [LayerConfig, Weights, Place] {
  const inner = config.layer as Inner | undefined;
  const className = String(inner?.class_name ?? '');
  if (!PLACEWISE.has(className)) {
    throw unsupported(
      `the layer "${name}" distributes "${className}" over time`,
      'distribute layers that work place by place, as Dense',
    );
  }
  const layer = { name, className, config: inner?.config ?? {}, registered: null, calls: [] };
  const within: Weights = { ...weights, of: (p, roles) => weights.of({ ...p, ...place, within: ['layer'] }, roles) };
  return [layer, within, place];
}
