import { type DType, sizeOf, type Tensor } from '../../graph/graph.ts';
import { axisOf, broadcast, resolveShape } from '../../ops/shapes.ts';
import { type Relabel, relabelConstant, relabelled } from '../relabel.ts';
import { checkSize, expanded, fromNumbers, joined, numbers, taken } from './constant_arrays.ts';
import { graphType, readConstant } from './constants.ts';
import { type Attributes, badFile, unsupported } from './decode.ts';

/** What is computed from constants alone while a file is read: shapes, and weights that are turned or scaled in the graph. */

interface Folding {
  readonly type: string;
  readonly opset: number;
  readonly attributes: Attributes;
  /** null where an operand is left out. */
  readonly x: readonly (Tensor | null)[];
  readonly where: string;
}

const int64s = (list: readonly number[]): Tensor => fromNumbers([list.length], 'i64', list);

/** Numbers from an attribute of older files or an operand of newer ones. */
const stated = ({ attributes, x }: Folding, name: string, place: number): readonly number[] | null =>
  attributes.list(name) ?? (x[place] ? numbers(x[place]) : null);

/** The shape of a computed tensor, as a constant. */
export const shapeConstant = (shape: readonly number[], { start = 0, end = shape.length }): Tensor =>
  int64s(shape.slice(start, end));

type Fold = (f: Folding) => Tensor[];

/** Division of integers cuts off. */
const divide = (a: number, b: number, isFloat: boolean) => (isFloat ? a / b : Math.trunc(a / b));

const binary =
  (compute: (a: number, b: number, isFloat: boolean) => number, dtype?: DType): Fold =>
  ({ x: [a, b] }) => {
    const shape = broadcast(a!.shape, b!.shape);
    const [p, q] = [a!, b!].map((t) => expanded(t, shape));
    const kind = dtype ?? a!.dtype;
    return [
      fromNumbers(
        shape,
        kind,
        p.map((v, i) => compute(v, q[i], a!.dtype === 'f32')),
      ),
    ];
  };

const unary =
  (compute: (v: number) => number): Fold =>
  ({ x: [a] }) => [fromNumbers(a!.shape, a!.dtype, numbers(a).map(compute))];

function reduce(compute: (list: number[]) => number): Fold {
  return (f) => {
    const [a] = f.x;
    const axes = (stated(f, 'axes', 1) ?? a!.shape.map((_, i) => i)).map((i) => axisOf(i, a!.shape.length));
    const keep = f.attributes.int('keepdims', 1) === 1;
    f.attributes.int('noop_with_empty_axes', 0);
    const others = a!.shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
    const turned = numbers(relabelConstant(a!, [...others, ...axes]));
    const inner = axes.reduce((n, i) => n * a!.shape[i], 1);
    const list = Array.from({ length: turned.length / inner }, (_, i) => compute(turned.slice(i * inner, (i + 1) * inner)));
    const shape = keep ? a!.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : others.map((i) => a!.shape[i]);
    return [fromNumbers(shape, a!.dtype, list)];
  };
}

function gather({ x: [a, at], attributes }: Folding): Tensor[] {
  const axis = axisOf(attributes.int('axis', 0), a!.shape.length);
  const places = numbers(at).map((i) => axisOf(i, a!.shape[axis]));
  const found = taken(a!, axis, places);
  return [{ ...found, shape: [...a!.shape.slice(0, axis), ...at!.shape, ...a!.shape.slice(axis + 1)] }];
}

function slice(f: Folding): Tensor[] {
  const [a] = f.x;
  const [starts, ends] = [stated(f, 'starts', 1) ?? [], stated(f, 'ends', 2) ?? []];
  const axes = stated(f, 'axes', 3) ?? starts.map((_, i) => i);
  const steps = f.x[4] ? numbers(f.x[4]) : starts.map(() => 1);
  let now = a!;
  axes.forEach((raw, k) => {
    const axis = axisOf(raw, now.shape.length);
    const size = now.shape[axis];
    const clamp = (v: number) => Math.max(steps[k] < 0 ? -1 : 0, Math.min(v < 0 ? v + size : v, steps[k] < 0 ? size - 1 : size));
    const places: number[] = [];
    for (let i = clamp(starts[k]); steps[k] > 0 ? i < clamp(ends[k]) : i > clamp(ends[k]); i += steps[k]) places.push(i);
    now = taken(now, axis, places);
  });
  return [now];
}

function constant({ attributes, where }: Folding): Tensor[] {
  const tensor = attributes.tensor('value');
  if (tensor) return [readConstant(tensor, {}) as Tensor];
  const floats = attributes.list('value_floats') ?? attributes.list('value_ints');
  if (floats) return [fromNumbers([floats.length], 'f32', floats)];
  const float = attributes.float('value_float', Number.NaN);
  if (!Number.isNaN(float)) return [fromNumbers([], 'f32', [float])];
  const int = attributes.float('value_int', Number.NaN);
  if (Number.isNaN(int)) throw unsupported(`${where} is no tensor of numbers`, 'export the model with plain operators');
  return [fromNumbers([], 'i64', [int])];
}

function unsqueeze(f: Folding): Tensor[] {
  const [a] = f.x;
  const axes = stated(f, 'axes', 1) ?? [];
  return [{ ...a!, shape: withUnits(a!.shape, axes) }];
}

/** A shape with axes of one place at the places named, counted in the result. */
export function withUnits(shape: readonly number[], axes: readonly number[]): number[] {
  const rank = shape.length + axes.length;
  const at = axes.map((a) => axisOf(a, rank));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!));
}

function constantOfShape({ x: [shape], attributes }: Folding): Tensor[] {
  const value = attributes.tensor('value');
  const one = value ? (readConstant(value, {}) as Tensor) : fromNumbers([1], 'f32', [0]);
  const dims = numbers(shape);
  return [fromNumbers(dims, one.dtype, new Array<number>(sizeOf(dims)).fill(Number(one.data![0])))];
}

function range({ x: [start, limit, delta] }: Folding): Tensor[] {
  const [from, to, step] = [start, limit, delta].map((t) => numbers(t)[0]);
  const count = Math.max(0, Math.ceil((to - from) / step));
  checkSize([count]);
  return [
    fromNumbers(
      [count],
      start!.dtype,
      Array.from({ length: count }, (_, i) => from + i * step),
    ),
  ];
}

function split(f: Folding, outputs: number): Tensor[] {
  const [a] = f.x;
  const axis = axisOf(f.attributes.int('axis', 0), a!.shape.length);
  const sizes = stated(f, 'split', 1) ?? new Array<number>(outputs).fill(a!.shape[axis] / outputs);
  let first = 0;
  return sizes.map((size) => {
    const part = taken(
      a!,
      axis,
      Array.from({ length: size }, (_, i) => first + i),
    );
    first += size;
    return part;
  });
}

const same = ({ x: [a] }: Folding): Tensor[] => [a!];

export const FOLDS: Readonly<Record<string, Fold>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: ({ x: [a], attributes }) => [
    shapeConstant(a!.shape, { start: attributes.int('start', 0), end: attributes.int('end', a!.shape.length) }),
  ],
  Size: ({ x: [a] }) => [fromNumbers([], 'i64', [sizeOf(a!.shape)])],
  Identity: same,
  Dropout: same,
  Cast: ({ x: [a], attributes, where }) => {
    attributes.int('saturate', 1);
    return [fromNumbers(a!.shape, graphType(attributes.int('to', 1), where), numbers(a))];
  },
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary(divide),
  Mod: (f) => binary(f.attributes.int('fmod', 0) ? (a, b) => a % b : (a, b) => ((a % b) + b) % b)(f),
  Min: binary((a, b) => Math.min(a, b)),
  Max: binary((a, b) => Math.max(a, b)),
  Equal: binary((a, b) => Number(a === b), 'bool'),
  Greater: binary((a, b) => Number(a > b), 'bool'),
  Less: binary((a, b) => Number(a < b), 'bool'),
  Neg: unary((v) => -v),
  Abs: unary(Math.abs),
  Sqrt: unary(Math.sqrt),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Reciprocal: unary((v) => 1 / v),
  Not: unary((v) => 1 - v),
  Where: ({ x: [condition, a, b] }) => {
    const shape = broadcast(condition!.shape, broadcast(a!.shape, b!.shape));
    const [c, p, q] = [condition!, a!, b!].map((t) => expanded(t, shape));
    return [
      fromNumbers(
        shape,
        a!.dtype,
        c.map((v, i) => (v ? p[i] : q[i])),
      ),
    ];
  },
  Expand: ({ x: [a, shape] }) => {
    const to = broadcast(a!.shape, numbers(shape));
    return [fromNumbers(to, a!.dtype, expanded(a!, to))];
  },
  Tile: ({ x: [a, repeats] }) => {
    let now = a!;
    numbers(repeats).forEach((n, axis) => {
      now = joined(new Array<Tensor>(n).fill(now), axis);
    });
    return [now];
  },
  Gather: gather,
  Slice: slice,
  Concat: ({ x, attributes }) => [joined(x as readonly Tensor[], axisOf(attributes.int('axis', 0), x[0]!.shape.length))],
  Range: range,
  Unsqueeze: unsqueeze,
  Squeeze: (f) => {
    const [a] = f.x;
    const axes = stated(f, 'axes', 1)?.map((i) => axisOf(i, a!.shape.length));
    return [{ ...a!, shape: a!.shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)) }];
  },
  Reshape: ({ x: [a, shape], attributes }) => {
    const zeros = attributes.int('allowzero', 0) === 1;
    const to = numbers(shape).map((d, i) => (d === 0 && !zeros ? a!.shape[i] : d));
    return [{ ...a!, shape: resolveShape(to, a!.shape) }];
  },
  Flatten: ({ x: [a], attributes }) => {
    const axis = attributes.int('axis', 1);
    return [{ ...a!, shape: [sizeOf(a!.shape.slice(0, axis)), sizeOf(a!.shape.slice(axis))] }];
  },
  Transpose: ({ x: [a], attributes }) => {
    const perm: Relabel = attributes.list('perm') ?? a!.shape.map((_, i, all) => all.length - 1 - i);
    return [{ ...relabelConstant(a!, perm), shape: relabelled(a!.shape, perm) }];
  },
  ReduceProd: reduce((list) => list.reduce((a, b) => a * b, 1)),
  ReduceSum: reduce((list) => list.reduce((a, b) => a + b, 0)),
  ReduceMax: reduce((list) => list.reduce((a, b) => Math.max(a, b))),
  ReduceMin: reduce((list) => list.reduce((a, b) => Math.min(a, b))),
};

/** So many leading operands must be there; one of all others. */
const LEADING: Readonly<Record<string, number>> = {
  ...{ Constant: 0, Where: 3, Range: 3, Expand: 2, Tile: 2, Gather: 2, Reshape: 2 },
  ...Object.fromEntries(['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Equal', 'Greater', 'Less'].map((type) => [type, 2])),
};

function checkOperands({ type, x, where }: Folding): void {
  const leading = type === 'Concat' || type === 'Min' || type === 'Max' ? Math.max(1, x.length) : (LEADING[type] ?? 1);
  for (let i = 0; i < leading; i++) if (!x[i]) throw badFile(`${where} lacks operand ${i}`);
}

/** The results of an operator on constants; null where they are left to be computed when the network runs. */
export function folded(f: Folding, outputs: number): Tensor[] | null {
  if (f.type === 'Split') {
    checkOperands(f);
    return split(f, outputs);
  }
  const fold = Object.hasOwn(FOLDS, f.type) ? FOLDS[f.type] : undefined;
  if (!fold) return null;
  checkOperands(f);
  if (f.type === 'ConstantOfShape' || f.type === 'Expand') checkSize(numbers(f.x[f.type === 'Expand' ? 1 : 0]), f.where);
  if (f.type === 'Tile') checkSize([sizeOf(f.x[0]!.shape), ...numbers(f.x[1])], f.where);
  return fold(f);
}
