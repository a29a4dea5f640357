import { sizeOf } from '../../../graph/graph.ts';
import { resolveShape } from '../../../ops/shapes.ts';
import { clamped } from '../../pieces.ts';
import { generalShape } from '../../relabel.ts';
import { activated } from '../activations.ts';
import { badFile } from '../hdf5.ts';
import { type Call, hasBias, type Layer } from '../layer.ts';

/** Dense layers, activations as layers, shapes, and what joins tensors. */

const plain = { activation: 'none' };

const dense: Layer = {
  roles: (config) => (hasBias(config) ? ['kernel', 'bias'] : ['kernel']),
  build(call) {
    const [depth] = call.weights('kernel').shape;
    const features = call.shape().at(-1);
    if (depth !== features) throw badFile(`"${call.name}" is given ${features} features but its weights read ${depth}`);
    const bias = hasBias(call.config) ? [call.weight('bias', [])] : [];
    const attrs = { activation: 'none', keepDims: call.shape().length > 2 };
    const y = call.emit('fullyConnected', [call.inputs[0], call.weight('kernel', [1, 0]), ...bias], attrs);
    return activated(call, y, call.config.activation);
  },
};

const same: Layer = { build: (call) => call.inputs[0] };

/** relu(x), with a slope below 0, a largest value and a threshold. */
function relu(call: Call): number {
  const [x] = call.inputs;
  if (call.number('threshold', 0) !== 0) throw call.refuse('has a threshold', 'use a ReLU that begins at 0');
  const slope = call.number('negative_slope', call.number('alpha', 0));
  const most = call.number('max_value', Number.POSITIVE_INFINITY);
  if (slope !== 0) return clamped(call, call.emit('leakyRelu', [x], { alpha: slope }), Number.NEGATIVE_INFINITY, most);
  return most === 6 ? call.emit('relu6', [x], {}) : clamped(call, call.emit('relu', [x], {}), Number.NEGATIVE_INFINITY, most);
}

/** alpha for each channel or each place. */
const prelu: Layer = {
  roles: () => ['alpha'],
  build: (call) => call.emit('prelu', [call.inputs[0], call.weight('alpha', [])], {}),
};

const axisOf = (call: Call, axis: number, { length } = call.shape()): number => (axis < 0 ? axis + length : axis);

/** The layer's work along the last axis, for another one. */
function along(call: Call, axis: number, work: (x: number) => number): number {
  const { length } = call.shape();
  const at = axisOf(call, axis);
  if (at === length - 1) return work(call.inputs[0]);
  const order = [...Array.from({ length }, (_, i) => i).filter((i) => i !== at), at];
  const back = order.map((_, i) => order.indexOf(i));
  return call.relabel(work(call.relabel(call.inputs[0], order)), back);
}

const joined =
  (op: string, attrs: object): Layer['build'] =>
  (call) => {
    const [first, ...rest] = call.inputs;
    return rest.reduce((a, b) => call.emit(op, [a, b], attrs as Readonly<Record<string, unknown>>), first);
  };

function reshaped(call: Call, target: readonly number[]): number {
  const x = call.shape();
  const shape = resolveShape([x[0], ...target], x);
  return call.emit('reshape', [call.inputs[0]], { shape: generalShape(shape) });
}

export const BASIC: Readonly<Record<string, Layer>> = {
  Dense: dense,
  Activation: { build: (call) => activated(call, call.inputs[0], call.config.activation) },
  ReLU: { build: relu },
  LeakyReLU: {
    build: (call) =>
      call.emit('leakyRelu', [call.inputs[0]], { alpha: call.number('alpha', call.number('negative_slope', 0.3)) }),
  },
  PReLU: prelu,
  ELU: { build: (call) => activated(call, call.inputs[0], 'elu') },
  Softmax: { build: (call) => along(call, call.number('axis', -1), (x) => call.emit('softmax', [x], { beta: 1 })) },
  Dropout: { build: (call) => call.emit('dropout', [call.inputs[0]], { rate: call.number('rate', 0.5) }) },
  SpatialDropout1D: same,
  SpatialDropout2D: same,
  GaussianNoise: same,
  GaussianDropout: same,
  AlphaDropout: same,
  ActivityRegularization: same,
  Identity: same,
  RandomFlip: same,
  RandomRotation: same,
  RandomZoom: same,
  RandomTranslation: same,
  RandomContrast: same,
  RandomBrightness: same,
  Add: { build: joined('add', plain) },
  Subtract: { build: joined('sub', plain) },
  Multiply: { build: joined('mul', plain) },
  Maximum: { build: joined('maximum', {}) },
  Minimum: { build: joined('minimum', {}) },
  Average: {
    build(call) {
      const sum = joined('add', plain)(call) as number;
      return call.emit('mul', [sum, call.constant('share', [1], [1 / call.inputs.length])], plain);
    },
  },
  Concatenate: {
    build: (call) => call.emit('concat', call.inputs, { axis: axisOf(call, call.number('axis', -1)), activation: 'none' }),
  },
  Flatten: {
    build(call) {
      const { length } = call.shape();
      const last = call.isChannelsFirst && length > 2 ? [0, ...Array.from({ length: length - 2 }, (_, i) => i + 2), 1] : null;
      const x = last ? call.relabel(call.inputs[0], last) : call.inputs[0];
      return call.emit('reshape', [x], { shape: [0, -1] });
    },
  },
  Reshape: { build: (call) => reshaped(call, call.list('target_shape') ?? [sizeOf(call.shape().slice(1))]) },
  Permute: { build: (call) => call.relabel(call.inputs[0], [0, ...(call.list('dims') ?? [])]) },
  RepeatVector: {
    build(call) {
      const row = call.relabel(call.inputs[0], [0, -1, 1]);
      return call.emit('concat', new Array<number>(call.number('n', 1)).fill(row), { axis: 1, activation: 'none' });
    },
  },
};
