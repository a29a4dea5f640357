import type { Attrs } from '../../graph/graph.ts';
import type { OnnxRead } from '../../ops/index.ts';
import { axesOf, clipBounds, listOf } from '../../ops/onnx_cells.ts';
import { axisOf, broadcast } from '../../ops/shapes.ts';
import { clamped } from '../pieces.ts';
import { withUnits } from './fold.ts';
import { recurrent } from './recurrent.ts';

/** Operators that are no row, as rows or relabels one after another. `emit` adds one and gives its output. */
export interface Writer extends OnnxRead {
  emit(op: string, inputs: readonly number[], attrs: Attrs): number;
  emitAll(op: string, inputs: readonly number[], attrs: Attrs): number[];
  relabel(tensor: number, map: readonly number[]): number;
}

type Rewrite = (from: Writer) => number[] | null;

const plain = { activation: 'none' };

/** More than two operands, one after another. */
const chained =
  (op: string, attrs: Attrs): Rewrite =>
  (from) => {
    const [first, ...rest] = from.inputs;
    return [rest.reduce((a, b) => from.emit(op, [a, b], attrs), first)];
  };

const squeezed: Rewrite = (from) => {
  const shape = from.shape(0);
  const stated = listOf(from, 'axes', 1)?.map((a) => axisOf(a, shape.length));
  const kept = shape.flatMap((d, i) => ((stated ? stated.includes(i) : d === 1 && i > 0) ? [] : [i]));
  return [from.relabel(from.inputs[0], kept)];
};

const unsqueezed: Rewrite = (from) => {
  const axes = listOf(from, 'axes', 1) ?? [];
  const { length } = withUnits(from.shape(0), axes);
  const at = axes.map((a) => axisOf(a, length));
  let next = 0;
  return [
    from.relabel(
      from.inputs[0],
      Array.from({ length }, (_, i) => (at.includes(i) ? -1 : next++)),
    ),
  ];
};

/** One place of an axis. */
const gathered: Rewrite = (from) => {
  if (!from.isConstant(1)) return null;
  const shape = from.shape(0);
  const axis = axisOf(from.attributes.int('axis', 0), shape.length);
  const [at, ...more] = from.values(1);
  if (more.length) return null;
  const place = axisOf(at, shape[axis]);
  const pick = (own: number, other: number) => shape.map((_, i) => (i === axis ? own : other));
  const attrs = { begin: pick(place, 0), end: pick(place + 1, 0x7fffffff), strides: pick(1, 1), shrink: [] };
  const taken = from.emit('stridedSlice', [from.inputs[0]], attrs);
  if (from.shape(1).length) return [taken];
  return [
    from.relabel(
      taken,
      axesOf(null, shape).filter((i) => i !== axis),
    ),
  ];
};

/** Dimensions of one place repeated. */
const expanded: Rewrite = (from) => {
  const shape = from.shape(0);
  const to = broadcast(shape, from.values(1));
  const added = to.length - shape.length;
  const widened = from.relabel(
    from.inputs[0],
    to.map((_, i) => (i < added ? -1 : i - added)),
  );
  const multiples = to.map((d, i) => (i < added ? d : d / shape[i - added]));
  return [multiples.every((n) => n === 1) ? widened : from.emit('tile', [widened], { multiples })];
};

export const REWRITES: Readonly<Record<string, Rewrite>> = {
  Add: chained('add', plain),
  Sum: chained('add', plain),
  Mul: chained('mul', plain),
  Max: chained('maximum', {}),
  Min: chained('minimum', {}),
  Clip(from) {
    const bounds = clipBounds(from);
    return bounds && [clamped(from, from.inputs[0], bounds.min, bounds.max)];
  },
  HardSigmoid(from) {
    const [alpha, beta] = [from.attributes.float('alpha', 0.2), from.attributes.float('beta', 0.5)];
    const scaled = from.emit('mul', [from.inputs[0], from.constant('alpha', [1], [alpha])], plain);
    return [clamped(from, from.emit('add', [scaled, from.constant('beta', [1], [beta])], plain), 0, 1)];
  },
  Neg: (from) => [from.emit('mul', [from.inputs[0], from.constant('minus', [1], [-1])], plain)],
  /** By a constant: a product with its inverse, which every kernel has. */
  Div(from) {
    if (!from.isConstant(1)) return null;
    const inverse = from.constant(
      'inverse',
      from.shape(1),
      from.values(1).map((v) => 1 / v),
    );
    return [from.emit('mul', [from.inputs[0], inverse], plain)];
  },
  Pow(from) {
    if (!from.isConstant(1) || from.values(1).some((v) => v !== 2)) return null;
    return [from.emit('mul', [from.inputs[0], from.inputs[0]], plain)];
  },
  LSTM: recurrent('lstm'),
  GRU: recurrent('gru'),
  RNN: recurrent('rnn'),
  Expand: expanded,
  Squeeze: squeezed,
  Unsqueeze: unsqueezed,
  Gather: gathered,
};
