/** Examples brought to what a model takes: normalized, and quantized where its input is integer. */
import { CompressError } from '../errors.ts';
import { type Graph, integerRange, newValues, sizeOf, type Tensor } from '../graph/graph.ts';
import type { DataInput, Dataset, Part, Samples } from './dataset.ts';
import { kindOf, numbersBetween } from './paged.ts';

export type BatchValues = Float32Array | Int8Array | Uint8Array | Int16Array;

/** The input of a model, its batch first; `quant` as in the file. */
export interface ModelInput extends Pick<Tensor, 'name' | 'shape' | 'dtype' | 'quant'> {
  /** The model keeps state, so that an example may be a sequence of calls. */
  readonly sequence?: boolean;
}

/** The inputs of a graph, in its order. */
export function inputsOf({ tensors, inputs }: Pick<Graph, 'tensors' | 'inputs'>): ModelInput[] {
  const sequence = tensors.some((t) => t.variable);
  return inputs.map((t) => (sequence ? { ...tensors[t], sequence } : tensors[t]));
}

/** How examples become the inputs of a model, worked out once. */
export interface BatchPlan {
  /** In the model's order. */
  readonly inputs: readonly InputPlan[];
  /** Calls of the model that one example is: more than one only where it keeps state, which begins with each example. The last answer counts. */
  readonly calls: number;
}

/** How examples become one input. */
export interface InputPlan {
  /** Which input of the dataset it is. */
  readonly source: number;
  /** Numbers in one example, of all its calls. */
  readonly size: number;
  /** A float input that takes x as it is. */
  readonly asStored: boolean;
  /** What 8-bit values become: [period][256], by place modulo period and by the value's byte. Null for wider values. */
  readonly table: Float32Array | null;
  readonly period: number;
  readonly convert: (x: number, channel: number) => number;
  readonly create: (count: number) => BatchValues;
}

const squeezed = (shape: readonly number[]): string => shape.filter((n) => n !== 1).join('x');

/**
 * Real input = (x * scale - mean) / std, in float64, rounded once to float32. An integer input is
 * q = round(float32(real) / float32(scale)) + zero in float32, halves away from zero, clamped to the type (TFLite's Quantize).
 *
 * Several inputs are found by their names where the dataset has all of them, else they are taken in order.
 *
 * @throws CompressError `shape-mismatch` unless there is an input of the dataset for each of the model, of the same shape up to dimensions
 *   of 1
 */
export function planBatch(data: Dataset, inputs: readonly ModelInput[]): BatchPlan {
  const places = bind(data, inputs);
  const calls = callsIn(data.inputs[places[0]], inputs[0]);
  return { inputs: inputs.map((input, i) => planInput(data, places[i], input, calls)), calls };
}

/** As many calls as an example holds along its first axis, or one after another: [calls, h, c] or [calls * h, c] for a model of [h, c]. */
function callsIn({ shape }: DataInput, input: ModelInput): number {
  const calls = sizeOf(shape) / sizeOf(input.shape.slice(1));
  return input.sequence && Number.isInteger(calls) && calls > 0 && formsOf(input, calls).includes(squeezed(shape)) ? calls : 1;
}

/** The shapes of examples of so many calls. */
function formsOf({ shape }: ModelInput, calls: number): string[] {
  const [, first = 1, ...rest] = shape;
  return [squeezed([calls, first, ...rest]), squeezed([calls * first, ...rest])];
}

/** For each input of the model its place among the dataset's. */
function bind(data: Dataset, inputs: readonly ModelInput[]): number[] {
  const byName = inputs.map(({ name }) => data.inputs.findIndex((d) => d.name === name));
  if (inputs.length > 1 && byName.every((place) => place >= 0)) return byName;
  if (data.inputs.length === inputs.length) return inputs.map((_, i) => i);
  const list = (all: readonly (DataInput | ModelInput)[], from: number) =>
    all.map(({ name, shape }) => `"${name}" [${shape.slice(from)}]`).join(', ');
  throw new CompressError(
    'shape-mismatch',
    `the model takes ${inputs.length} inputs, ${list(inputs, 1)}, but ${data.name} gives ${data.inputs.length}: ${list(data.inputs, 0)}`,
    `give an array for each input, by its name (or x0, x1 ... in the model's order)`,
  );
}

function planInput(data: Dataset, source: number, input: ModelInput, calls: number): InputPlan {
  const given = data.inputs[source];
  // a vector takes the numbers of an example one after another
  const isVector = calls === 1 && input.shape.length === 2 && sizeOf(given.shape) === input.shape[1];
  if (!isVector && !formsOf(input, calls).includes(squeezed(given.shape))) throw mismatch(data, given, input);
  const { scale, mean, std } = given.normalization ?? data.normalization;
  const period = Math.max(mean.length, std.length);
  const real = (x: number, c: number) => Math.fround((x * scale - mean[mean.length > 1 ? c : 0]) / std[std.length > 1 ? c : 0]);
  const convert = input.dtype === 'f32' ? real : quantizer(input, real);
  const eightBit = [data.train, data.validation, data.test].find((p) => p)?.inputs[source];
  let table: Float32Array | null = null;
  const eight = eightBit && kindOf(eightBit);
  if (eight === 'u1' || eight === 'i1') {
    const signed = eight === 'i1';
    table = Float32Array.from({ length: 256 * period }, (_, i) => convert(signed ? ((i & 255) << 24) >> 24 : i & 255, i >> 8));
  }
  const asStored = input.dtype === 'f32' && scale === 1 && mean.every((m) => m === 0) && std.every((s) => s === 1);
  const size = calls * sizeOf(input.shape.slice(1));
  const create = (count: number) => newValues(input.dtype, count * size) as BatchValues;
  return { source, size, asStored, table, period, convert, create };
}

/** Memory for `count` examples of each input. */
export const createBatch = ({ inputs }: BatchPlan, count: number): BatchValues[] => inputs.map((input) => input.create(count));

/** Writes the examples of `part` at `indices` one after another into `out`, which has an array for each input. */
export function batchInto(plan: BatchPlan, part: Part, indices: ArrayLike<number>, out: readonly BatchValues[]): void {
  plan.inputs.forEach((input, k) => {
    inputInto(input, part.inputs[input.source], indices, out[k]);
  });
}

function inputInto(plan: InputPlan, samples: Samples, indices: ArrayLike<number>, out: BatchValues): void {
  const { size, table } = plan;
  if (out.length < indices.length * size) throw new Error(`${indices.length} examples of ${size} do not fit into ${out.length}`);
  for (let i = 0; i < indices.length; i++) {
    const x = numbersBetween(samples, indices[i] * size, (indices[i] + 1) * size);
    const to = i * size;
    if (plan.asStored) out.set(x, to);
    else if (table) lookUp(table, plan.period, x, out, to);
    else convertAll(plan, x, out, to);
  }
}

function lookUp(table: Float32Array, period: number, x: Samples, out: BatchValues, to: number): void {
  if (period === 1) {
    for (let k = 0; k < x.length; k++) out[to + k] = table[x[k] & 255];
    return;
  }
  for (let k = 0, c = 0; k < x.length; k++) {
    out[to + k] = table[(c << 8) | (x[k] & 255)];
    if (++c === period) c = 0;
  }
}

function convertAll({ convert, period }: InputPlan, x: Samples, out: BatchValues, to: number): void {
  for (let k = 0, c = 0; k < x.length; k++) {
    out[to + k] = convert(x[k], c);
    if (++c === period) c = 0;
  }
}

/** The examples at `indices` in new memory, an array for each input, of its own type. */
export function takeBatch(plan: BatchPlan, part: Part, indices: ArrayLike<number>): BatchValues[] {
  const out = createBatch(plan, indices.length);
  batchInto(plan, part, indices, out);
  return out;
}

/** The real values that an integer input can hold. */
export function inputRange({ name, dtype, quant }: ModelInput): readonly [number, number] {
  if (!['i8', 'u8', 'i16'].includes(dtype) || quant?.scales.length !== 1) {
    throw new CompressError(
      'unsupported',
      `the input ${name} is ${dtype}${quant ? '' : ' without a scale'}`,
      'give a model with a float32 or a quantized int8, uint8 or int16 input',
    );
  }
  const { min, max } = integerRange(dtype);
  return [quant.scales[0] * (min - quant.zeros[0]), quant.scales[0] * (max - quant.zeros[0])];
}

function quantizer(input: ModelInput, real: (x: number, c: number) => number): (x: number, c: number) => number {
  inputRange(input);
  const { min, max } = integerRange(input.dtype);
  const scale = Math.fround(input.quant!.scales[0]);
  const zero = input.quant!.zeros[0];
  return (x, c) => {
    const q = Math.fround(real(x, c) / scale);
    const rounded = q < 0 ? -Math.floor(0.5 - q) : Math.floor(q + 0.5);
    return Math.max(min, Math.min(max, rounded + zero));
  };
}

/** Whether examples are recordings of more samples than are taken, and else as wanted. */
function isLonger(given: readonly number[], wanted: readonly number[]): boolean {
  return given.length > 1 && given[0] > wanted[0] && squeezed(given.slice(1)) === squeezed(wanted.slice(1));
}

function mismatch(data: Dataset, given: DataInput, { name, shape, sequence }: ModelInput): CompressError {
  const wanted = shape.slice(1);
  const first = given.shape.length > 1 ? [...given.shape.slice(1), given.shape[0]] : given.shape;
  const calls = sequence ? `, or as sequences of calls: [count, calls, ${wanted.join(', ')}]` : '';
  let fix = `prepare the data as [count, ${wanted.join(', ')}]${calls}`;
  if (squeezed(first) === squeezed(wanted)) fix = 'the data seems to have its channels first: add --layout nchw';
  else if (sizeOf(given.shape) === sizeOf(wanted)) fix += ': the sizes agree, so a reshape or a transpose in numpy will do';
  else if (isLonger(given.shape, wanted)) fix = `cut them by --window ${wanted[0]}, or ${fix}`;
  const which = data.inputs.length > 1 ? ` as "${given.name}"` : '';
  return new CompressError(
    'shape-mismatch',
    `${data.name} has examples of [${given.shape}]${which} but the model's input "${name}" takes [${wanted}]`,
    fix,
  );
}
