import { badFile, unsupported } from './hdf5.ts';

/** A network of Keras as its configuration describes it: `model_config` of an .h5, `config.json` of a .keras. */

export type Config = Readonly<Record<string, unknown>>;

/** A tensor: output `tensor` of the call number `node` of a layer. */
export interface Reference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

export interface LayerConfig {
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** Where the class comes from, unless it is Keras itself. */
  readonly registered: string | null;
  /** For each call of the layer the tensors it is given. */
  readonly calls: readonly (readonly Reference[])[];
}

export interface ModelConfig {
  readonly name: string;
  readonly layers: readonly LayerConfig[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
}

const isObject = (value: unknown): value is Config => typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown, where: string): string => {
  if (typeof value !== 'string') throw badFile(`${where} is no text`);
  return value;
};

export function parseConfig(json: string): ModelConfig {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch (e) {
    throw badFile(`its configuration is no JSON (${(e as Error).message})`);
  }
  if (!isObject(found)) throw badFile('its configuration is no object');
  return modelOf(found, 0);
}

export const isModel = (className: string): boolean =>
  className === 'Sequential' || className === 'Functional' || className === 'Model';

const DEEPEST = 32;

/** @param level how many models this one is in */
export function modelOf(found: Config, level: number): ModelConfig {
  if (level > DEEPEST) throw badFile(`its models are nested more than ${DEEPEST} deep`);
  const className = text(found.class_name, 'class_name');
  if (!isModel(className)) {
    const fix = 'build the model with Sequential or the functional API, or export it to ONNX (model.export or tf2onnx)';
    throw unsupported(`the model is of the class "${className}", whose layers its file does not name`, fix);
  }
  // the oldest Sequential files have the list of layers itself
  const config = Array.isArray(found.config) ? { layers: found.config } : found.config;
  if (!isObject(config) || !Array.isArray(config.layers)) throw badFile('its configuration lists no layers');
  const layers = config.layers.map((l, i) => layerOf(l, i));
  const name = typeof config.name === 'string' ? config.name : 'model';
  return className === 'Sequential' ? sequential(name, layers, config) : functional(name, layers, config);
}

function layerOf(found: unknown, index: number): LayerConfig {
  if (!isObject(found)) throw badFile(`layer ${index} is no object`);
  const config = isObject(found.config) ? found.config : {};
  const module = typeof found.module === 'string' ? found.module : 'keras';
  const registered = typeof found.registered_name === 'string' ? found.registered_name : null;
  const inbound = Array.isArray(found.inbound_nodes) ? found.inbound_nodes : [];
  return {
    name: text(found.name ?? config.name, `the name of layer ${index}`),
    className: text(found.class_name, `the class of layer ${index}`),
    config: { ...config, build_config: found.build_config },
    registered: module.startsWith('keras') || module.startsWith('tensorflow') ? null : (registered ?? module),
    calls: inbound.map((node) => referencesIn(node, 0)),
  };
}

/** All references in a node: lists of [layer, node, tensor, ..] in Keras 2, tensors with a `keras_history` in Keras 3. */
function referencesIn(found: unknown, level: number): Reference[] {
  if (level > DEEPEST) throw badFile(`its nodes are nested more than ${DEEPEST} deep`);
  if (isObject(found)) {
    const history = isObject(found.config) ? found.config.keras_history : undefined;
    if (found.class_name === '__keras_tensor__' && Array.isArray(history)) return [reference(history)];
    return Object.values(found).flatMap((value) => referencesIn(value, level + 1));
  }
  if (!Array.isArray(found)) return [];
  const isOne = typeof found[0] === 'string' && typeof found[1] === 'number' && typeof found[2] === 'number';
  if (!isOne) return found.flatMap((value) => referencesIn(value, level + 1));
  return [reference(found), ...referencesIn(found[3], level + 1)];
}

const reference = ([layer, node, tensor]: readonly unknown[]): Reference => ({
  layer: text(layer, 'the layer of a node'),
  node: Number(node),
  tensor: Number(tensor),
});

function sequential(name: string, all: readonly LayerConfig[], config: Config): ModelConfig {
  const [first] = all;
  const shape = inputShape(first?.config) ?? inputShape(config) ?? inputShape(config.build_config);
  if (!first || !shape)
    throw unsupported(
      'the model does not say the shape of its input',
      'build the model before saving it: model.build((None, ...))',
    );
  const input: LayerConfig = {
    name: `${name}_input`,
    className: 'InputLayer',
    config: { batch_shape: shape },
    registered: null,
    calls: [],
  };
  const layers = first.className === 'InputLayer' ? all : [input, ...all];
  const linked = layers.map((layer, i) => ({ ...layer, calls: i ? [[{ layer: layers[i - 1].name, node: 0, tensor: 0 }]] : [] }));
  const ends = [linked[0], linked[linked.length - 1]].map((l) => [{ layer: l.name, node: 0, tensor: 0 }]);
  return { name, layers: linked, inputs: ends[0], outputs: ends[1] };
}

/** The shape of a model's input, the batch first, by any of the names that versions have for it. */
export function inputShape(config: unknown): readonly (number | null)[] | null {
  if (!isObject(config)) return null;
  const found = config.batch_shape ?? config.batch_input_shape ?? config.build_input_shape ?? config.input_shape;
  const list = Array.isArray(found) && Array.isArray(found[0]) ? found[0] : found;
  return Array.isArray(list) && list.every((d) => d === null || typeof d === 'number') ? list : null;
}

function functional(name: string, layers: readonly LayerConfig[], config: Config): ModelConfig {
  const [inputs, outputs] = [config.input_layers, config.output_layers].map((list) => referencesIn(list, 0));
  if (!inputs.length || !outputs.length)
    throw badFile(`the model "${name}" has ${inputs.length} inputs and ${outputs.length} outputs`);
  return { name, layers, inputs, outputs };
}
