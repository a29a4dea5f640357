import type { FileGraph, FileOperator, Lowered } from '../../formats/tflite/lower.ts';
import { bytesOf, sizeOf, type Tensor } from '../../graph/graph.ts';
import { type Lifetime, place } from '../../graph/greedy.ts';
import * as sizes from '../../ops/buffer_sizes.ts';

/**
 * The arena of TensorFlow Lite Micro for a model, on a 32-bit core: the interpreter's own structures from its end downwards, in the order in
 * which they are allocated, and tensors and scratch from its beginning, planned greedily by size.
 *
 * Source: tflite-micro 90b983c2 with CMSIS-NN's kernels built for speed; sizes of structures as its allocator was seen to be asked on a
 * Cortex-M4.
 */
export interface TflmArena {
  /** The least multiple of 16 that holds it. */
  readonly bytes: number;
  readonly planned: number;
  readonly persistent: number;
  /** Whether all structures of its operators were measured; else theirs are taken to be as large as the largest. */
  readonly exact: boolean;
}

const ALIGN = 16;
const up = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Allocator, planner and the like; of tensors, operators, scratch, inputs and outputs. */
const OWN = [36, 44, 36, 8];
const SUBGRAPH = 8;
const TENSOR = 12;
const NODE = 32;
const EDGE = { tensor: 32, quantization: 12 };
/** While it plans: a request for scratch (and room for 12 more), where a graph's buffers begin, what is known of a buffer, what the planner keeps of it. */
const WHILE = { request: 12, requests: 12, graph: 4, buffer: 24, planner: 40 };

/** Options and state of an operator by its code: [bytes of options, their alignment, bytes of state]. */
const STRUCTURES: Readonly<Record<number, readonly [number, number, number]>> = {
  0: [2, 1, 60],
  1: [40, 4, 36],
  2: [8, 4, 24],
  3: [28, 4, 60],
  4: [28, 4, 60],
  5: [4, 4, 20],
  6: [0, 1, 32],
  9: [5, 1, 72],
  11: [1, 1, 4],
  14: [0, 1, 16],
  17: [40, 4, 36],
  18: [1, 1, 36],
  19: [0, 1, 28],
  21: [0, 1, 8],
  22: [36, 4, 0],
  23: [2, 1, 0],
  25: [4, 4, 64],
  26: [4, 4, 20],
  27: [8, 4, 40],
  28: [0, 1, 16],
  34: [0, 1, 56],
  36: [8, 4, 0],
  39: [0, 1, 0],
  40: [1, 1, 44],
  41: [2, 1, 52],
  44: [16, 4, 912],
  45: [24, 4, 84],
  49: [4, 4, 0],
  50: [0, 1, 28],
  54: [0, 1, 28],
  55: [0, 1, 0],
  57: [0, 1, 0],
  60: [0, 1, 56],
  67: [16, 4, 76],
  74: [1, 1, 44],
  76: [0, 1, 28],
  82: [1, 1, 44],
  83: [8, 4, 0],
  88: [8, 4, 0],
  89: [1, 1, 44],
  97: [2, 1, 0],
  98: [4, 4, 24],
  99: [0, 1, 112],
  100: [1, 1, 20],
  101: [0, 1, 28],
  102: [4, 4, 0],
  111: [0, 1, 256],
  114: [0, 1, 32],
  117: [0, 1, 20],
  126: [3, 1, 36],
};
const LARGEST = [40, 4, 912] as const;

export function arenaOf(lowered: Lowered, inputs: readonly number[], kind: sizes.CoreKind): TflmArena {
  const { tensors, operators, outputs, beginning } = lowered;
  const exact = !beginning && operators.every(({ code }) => STRUCTURES[code]);
  const structuresOf = ({ code }: FileOperator) => STRUCTURES[code] ?? LARGEST;
  const tail = new Tail();
  const graphs: readonly FileGraph[] = beginning ? [lowered, beginning] : [lowered];
  for (const bytes of OWN) tail.take(bytes, 4);
  tail.take(SUBGRAPH * graphs.length, 4);
  for (const g of graphs) tail.take(TENSOR * g.tensors.length, 4);
  for (const g of graphs) tail.take(NODE * g.operators.length, 4);
  const all = graphs.flatMap((g) => g.operators);
  for (const o of all) tail.take(structuresOf(o)[0], structuresOf(o)[1]);
  for (const o of all) tail.take(structuresOf(o)[2], ALIGN);
  let [requests, preparing] = [0, 0];
  for (const g of graphs) {
    for (const o of g.operators) {
      for (const bytes of preparedOf(o, g.tensors, kind)) tail.take(bytes, ALIGN);
      const looked = lookedAt(o).reduce((sum, t) => sum + edgeOf(g.tensors[t]).reduce((a, b) => a + b), 0);
      preparing = Math.max(preparing, WHILE.request * (requests + WHILE.requests) + looked + tail.used);
      requests += scratchOf(o, g.tensors, kind).length;
    }
  }
  const scratch = operators.map((o) => scratchOf(o, tensors, kind));
  tail.take(4 * requests, 4);
  for (const t of tensors) if (t.variable) tail.take(bytesOf(t.dtype, sizeOf(t.shape)), ALIGN);
  const whilePlanning = tail.used;
  for (const edges of [inputs, outputs]) {
    tail.take(4 * edges.length, ALIGN);
    for (const t of edges) for (const bytes of edgeOf(tensors[t])) tail.take(bytes, 4);
  }
  const buffers = [
    ...lifetimesOf(lowered, inputs),
    ...scratch.flatMap((own, i) => own.map((bytes) => ({ bytes, first: i + 1, last: i + 1 }))),
  ];
  const planned = plannedBytes(buffers);
  const known = WHILE.graph * graphs.length + WHILE.buffer * (graphs.reduce((n, g) => n + g.tensors.length, 0) + requests);
  const planning = up(WHILE.request * (requests + WHILE.requests) + known, ALIGN) + WHILE.planner * buffers.length;
  const bytes = Math.max(planned + tail.used, planning + up(whilePlanning, ALIGN), preparing);
  return { bytes: up(bytes, ALIGN), planned, persistent: tail.used, exact };
}

/** By size, the later of equal ones first. */
function plannedBytes(lifetimes: readonly Lifetime[]): number {
  const buffers = lifetimes.map(({ bytes, first, last }) => ({ size: up(bytes, ALIGN), first, last }));
  return place(
    buffers,
    [...buffers.keys()].sort((a, b) => buffers[b].size - buffers[a].size || b - a),
  ).bytes;
}

/** Memory that is given out from the end, which is aligned. */
class Tail {
  used = 0;

  take(bytes: number, align: number): void {
    if (bytes > 0) this.used = up(this.used + bytes, align);
  }
}

/** Structures of an input or output, or of a tensor that an operator looks at while it is prepared. */
const edgeOf = ({ quant, dtype }: Tensor): number[] =>
  quant && dtype !== 'f32' ? [EDGE.tensor, EDGE.quantization, 4 + 4 * quant.scales.length] : [EDGE.tensor];

/** Tensors that an operator looks at while it is prepared, as often as it does: all those structures stay until it is. */
function lookedAt({ code, inputs, outputs }: FileOperator): number[] {
  const [x, w] = inputs;
  const [y] = outputs;
  const all = [...inputs.filter((t) => t >= 0), ...outputs];
  if (NOTHING.has(code)) return [];
  if (code === 3 || code === 4) return [...all, x, w, y];
  if (code === 67) return [...all.slice(1), inputs[2], w, y];
  if (REDUCE.has(code)) return [...all, ...all];
  if (code === 2) return [x, ...all];
  if (code === 28) return [x, x, y];
  if (code === 21 || code === 49) return [x];
  if (code === 102) return [inputs[2]];
  if (code === 22) return [x, y];
  return all;
}

/** Without a look: TRANSPOSE, MAXIMUM, MINIMUM, PACK, UNPACK. */
const NOTHING: ReadonlySet<number> = new Set([39, 55, 57, 83, 88]);
const REDUCE: ReadonlySet<number> = new Set([40, 74, 82, 89]);

/** What an operator keeps beside its state: multipliers and shifts of each channel, sums of weights of SVDF and LSTM, matrices turned round, tables of int16 softmax. */
function preparedOf(operator: FileOperator, tensors: FileGraph['tensors'], kind: sizes.CoreKind): number[] {
  const { code, inputs, outputs, options } = operator;
  const [x, w] = inputs.map((t) => tensors[t]);
  if (code === 3) return [4 * w.shape[0], 4 * w.shape[0]];
  if (code === 4) return [4 * w.shape[3], 4 * w.shape[3]];
  if (code === 67) return [4 * w.shape[0], 4 * w.shape[0]];
  if (code === 27) return [sizes.svdfS8Scratch(kind, w.shape[0])];
  if (code === 44) return Array.from({ length: 8 }, () => bytesOf(x.dtype === 'i16' ? 'i64' : 'i32', w.shape[0]));
  if (code === 36) return [4 + 4 * tensors[outputs[0]].shape.length];
  if (code === 126) {
    const turned = [...(options.adj_x ? [x] : []), ...(options.adj_y ? [] : [w])];
    const dims = (rank: number) => 4 + 4 * rank;
    return [
      ...turned.flatMap((t) => [TENSOR, dims(t.shape.length), bytesOf(t.dtype, sizeOf(t.shape))]),
      dims(Math.max(x.shape.length, w.shape.length)),
      28,
    ];
  }
  return code === 25 && x.dtype === 'i16' ? [1026, 1026] : [];
}

/** Bytes of scratch that an operator asks for. */
function scratchOf(
  { code, inputs, outputs, options }: FileOperator,
  tensors: FileGraph['tensors'],
  kind: sizes.CoreKind,
): number[] {
  const [x, w] = inputs.map((t) => tensors[t]);
  const y = tensors[outputs[0]];
  const asked = (bytes: number) => (bytes > 0 ? [bytes] : []);
  if (code === 3 || code === 4) {
    const form = x.dtype === 'i16' ? 's16' : w.dtype === 'i4' ? 's4' : 's8';
    const by = code === 3 ? CONVOLVE : DEPTHWISE;
    return asked(by[form](kind, geometryOf(x, w, y, options)));
  }
  if (code === 9 && x.dtype === 'i8' && w.dtype === 'i8') return asked(sizes.fullyConnectedS8Scratch(kind, w.shape[0]));
  if (code === 67) {
    const data = tensors[inputs[2]];
    const g = geometryOf(data, w, y, options);
    return data.dtype === 'i16'
      ? [8 * sizeOf(y.shape)]
      : [sizes.transposeConvS8Scratch(kind, g), sizes.transposeConvS8ReverseScratch(g)];
  }
  if (code === 126 && x.dtype === 'i8') return asked(sizes.fullyConnectedS8Scratch(kind, y.shape[y.shape.length - 1]));
  if (code === 1) return asked(sizes.avgPoolScratch(kind, x.shape[3]));
  if (code === 40 || code === 74) return [4 * x.shape.length, 4 * sizeOf(tensors[inputs[1]].shape), 4 * sizeOf(y.shape)];
  if (code === 100) return [4 * x.shape.length, 4 * x.shape.length];
  if (code === 82 || code === 89) return [4 * x.shape.length, 4 * sizeOf(tensors[inputs[1]].shape)];
  if (code === 27) return [4 * x.shape[0] * w.shape[0], 4 * sizeOf(y.shape)];
  if (code === 44) return Array.from({ length: 3 }, () => bytesOf('i16', sizeOf(tensors[inputs[19]].shape)));
  return [];
}

const CONVOLVE = { s8: sizes.convolveS8Scratch, s4: sizes.convolveS4Scratch, s16: sizes.convolveS16Scratch };
const DEPTHWISE = { s8: sizes.depthwiseConvS8Scratch, s4: sizes.depthwiseConvS4Scratch, s16: sizes.depthwiseConvS16Scratch };

function geometryOf(x: Tensor, w: Tensor, y: Tensor, options: FileOperator['options']): sizes.WindowGeometry {
  const [n, h, width, c] = x.shape;
  const number = (name: string) => Number(options[name] ?? 1);
  const stride = { h: number('stride_h'), w: number('stride_w') };
  const dilation = { h: number('dilation_h_factor'), w: number('dilation_w_factor') };
  const same = Number(options.padding ?? 0) === 0;
  const before = (out: number, size: number, k: number, s: number, d: number) =>
    same ? Math.max(0, Math.floor(((out - 1) * s + (k - 1) * d + 1 - size) / 2)) : 0;
  return {
    input: { n, h, w: width, c },
    filter: { h: w.shape[1], w: w.shape[2], c: w.shape[3] },
    output: { h: y.shape[1], w: y.shape[2], c: y.shape[3] },
    stride,
    padding: {
      h: before(y.shape[1], h, w.shape[1], stride.h, dilation.h),
      w: before(y.shape[2], width, w.shape[2], stride.w, dilation.w),
    },
    dilation,
  };
}

/** Tensors that it allocates, in their order: inputs are there before the first operator. */
function lifetimesOf({ tensors, operators, outputs }: Lowered, inputs: readonly number[]) {
  const first = new Map<number, number>(inputs.map((t) => [t, 0]));
  const last = new Map<number, number>();
  operators.forEach((o, i) => {
    for (const t of o.outputs) if (!first.has(t)) first.set(t, i + 1);
    for (const t of [...o.outputs, ...o.inputs]) last.set(t, i + 1);
  });
  for (const t of outputs) last.set(t, operators.length);
  return tensors.flatMap((t, i) => {
    if (t.data || t.variable || !first.has(i)) return [];
    return [{ bytes: bytesOf(t.dtype, sizeOf(t.shape)), first: first.get(i)!, last: last.get(i) ?? first.get(i)! }];
  });
}
