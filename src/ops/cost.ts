import { type DType, sizeOf } from '../graph/graph.ts';
import * as scratch from './buffer_sizes.ts';
import * as k from './features/index.ts';
import type { Cost, CostCall, Shape } from './op.ts';
import { sidesOf, type Window } from './window.ts';

/**
 * The `cost` cells of the operator rows: which kernel runs, how often each part of it, and what it needs.
 * Kernels that CMSIS-NN lacks are counted by the CMSIS-NN kernel whose loop is nearest; where that is a guess it says so.
 */

/** Arithmetic of a node: float, or the integer kernels' suffix. */
type Form = 'f32' | k.Weights;

// biome-ignore lint/suspicious/noExplicitAny: attributes are the row's own affair
type Call = CostCall<any>;

function formOf({ dtypes: { x, y } }: Call): Form {
  if (x[0] === 'f32' || y[0] === 'f32') return 'f32';
  if (x[0] === 'i16') return 's16';
  return x[1] === 'i4' ? 's4' : 's8';
}

const plainForm = (form: Form) => (form === 's16' ? 's16' : 's8');

const NOTHING: Cost = { kernel: 'none', macs: 0, scratchBytes: 0, multipliers: 0, tableBytes: 0, features: {} };

/** A node that exporting folds into its neighbour, or that moves nothing. */
export const folded = (): Cost => NOTHING;

const cost = (name: string, { path, features }: k.KernelFeatures, more: Partial<Cost> = {}): Cost => ({
  ...NOTHING,
  kernel: path ? `${name}/${path}` : name,
  features,
  ...more,
});

/** Float arithmetic: `macs` of the definition, `steps` multiply-adds that are really done. */
const float = (steps: number, outputs: number, macs = 0): Cost => cost('dot_f32', k.floatFeatures(steps, outputs), { macs });

export function geometryOf(call: { x: Call['x']; y: Call['y'] }, attrs: Window, filter: Shape): scratch.WindowGeometry {
  const [n, h, w, c] = call.x[0]!;
  const [, oh, ow, oc] = call.y[0];
  const [fh, fw, fc] = filter;
  const { top, left } = sidesOf(attrs, [h, w], [fh, fw]);
  const [dh, dw] = attrs.dilation ?? [1, 1];
  return {
    input: { n, h, w, c },
    filter: { h: fh, w: fw, c: fc },
    output: { h: oh, w: ow, c: oc },
    stride: { h: attrs.stride[0], w: attrs.stride[1] },
    padding: { h: top, w: left },
    dilation: { h: dh, w: dw },
  };
}

const CONVOLVE = { s8: scratch.convolveS8Scratch, s4: scratch.convolveS4Scratch, s16: scratch.convolveS16Scratch };

export function convolveCost(call: Call): Cost {
  const [, fh, fw, fc] = call.x[1]!;
  const outputs = sizeOf(call.y[0]);
  const macs = outputs * fh * fw * fc;
  const form = formOf(call);
  const g = geometryOf(call, call.attrs, [fh, fw, fc]);
  if (form === 'f32') return float(macs, outputs, macs);
  const kind = call.core.kind;
  const found = k.convolveFeatures(kind, form, g, call.attrs.groups ?? 1);
  return cost(`convolve_${form}`, found, {
    macs,
    scratchBytes: CONVOLVE[form](kind, g),
    multipliers: g.output.c,
  });
}

const DEPTHWISE = {
  s8: scratch.depthwiseConvS8Scratch,
  s4: scratch.depthwiseConvS4Scratch,
  s16: scratch.depthwiseConvS16Scratch,
};

export function depthwiseCost(call: Call): Cost {
  const [, fh, fw, fc] = call.x[1]!;
  const outputs = sizeOf(call.y[0]);
  const macs = outputs * fh * fw;
  const form = formOf(call);
  const g = geometryOf(call, call.attrs, [fh, fw, fc]);
  if (form === 'f32') return float(macs, outputs, macs);
  const kind = call.core.kind;
  const found = k.depthwiseConvFeatures(kind, form, g);
  return cost(`depthwise_conv_${form}`, found, {
    macs,
    scratchBytes: DEPTHWISE[form](kind, g),
    multipliers: g.output.c,
  });
}

export function transposeConvCost(call: Call): Cost {
  const [oc, fh, fw, fc] = call.x[1]!;
  const macs = sizeOf(call.x[0]!) * oc * fh * fw;
  const form = formOf(call);
  if (form === 'f32') return float(macs, sizeOf(call.y[0]), macs);
  const kind = call.core.kind;
  const g = geometryOf({ x: call.x, y: call.y }, { ...call.attrs, padding: 'valid' }, [fh, fw, fc]);
  const first = Math.max(scratch.transposeConvS8Scratch(kind, g), scratch.transposeConvS8Needs(kind, g));
  const scratchBytes = first + scratch.transposeConvS8ReverseScratch(g);
  return cost('transpose_conv_s8', k.transposeConvFeatures(g), { macs, scratchBytes, multipliers: g.output.c });
}

export function fullyConnectedCost(call: Call): Cost {
  const [units, depth] = call.x[1]!;
  const batch = sizeOf(call.x[0]!) / depth;
  const macs = batch * depth * units;
  const form = formOf(call);
  if (form === 'f32') return float(macs, batch * units, macs);
  const kind = call.core.kind;
  const scratchBytes = form === 's8' ? scratch.fullyConnectedS8Scratch(kind, units) : 0;
  const found = k.fullyConnectedFeatures(kind, form, batch, depth, units);
  return cost(`fully_connected_${form}`, found, { macs, scratchBytes, multipliers: 1 });
}

export function batchMatmulCost(call: Call): Cost {
  const left = call.x[0]!;
  const y = call.y[0];
  const [rows, columns] = y.slice(-2);
  const depth = left[left.length - (call.attrs.adjX ? 2 : 1)];
  const matrices = sizeOf(y) / (rows * columns);
  const macs = sizeOf(y) * depth;
  const form = formOf(call);
  if (form === 'f32') return float(macs, sizeOf(y), macs);
  const kind = call.core.kind;
  const scratchBytes = form === 's8' ? scratch.batchMatmulS8Scratch(kind, columns) : 0;
  return cost('batch_matmul_s8', k.batchMatmulFeatures(kind, matrices, rows, depth, columns), { macs, scratchBytes });
}

/** One pass over all elements by the kernel `name`, `times` over; `steps` float operations for each where it is float. */
export function elementwiseCost(call: Call, name: string, steps = 1, times = 1): Cost {
  const elements = sizeOf(call.y[0]);
  const form = formOf(call);
  if (form === 'f32') return float(steps * elements, elements);
  return cost(`${name}_${plainForm(form)}`, k.elementwiseFeatures(elements * times));
}

/** A table of 256 int8 results, or the s16 sigmoid and tanh; `steps` float operations for exp and the like. */
export function tableCost(call: Call, steps: number): Cost {
  const form = formOf(call);
  if (form === 'f32') return float(steps * sizeOf(call.y[0]), sizeOf(call.y[0]));
  const found = k.elementwiseFeatures(sizeOf(call.y[0]));
  return form === 's16' ? cost('activation_s16', found, { tableBytes: 512 }) : cost('relu6_s8', found, { tableBytes: 256 });
}

export function poolCost(call: Call, name: 'avg_pool' | 'max_pool', window: Window, filter: readonly [number, number]): Cost {
  const g = geometryOf(call, window, [...filter, call.x[0]![3]]);
  const form = formOf(call);
  if (form === 'f32') return float(k.tapsOf(g).taps * g.input.c, sizeOf(call.y[0]));
  const scratchBytes = name === 'avg_pool' ? scratch.avgPoolScratch(call.core.kind, g.input.c) : 0;
  return cost(`${name}_${plainForm(form)}`, k.poolFeatures(g), { scratchBytes });
}

/** Over height and width it is average pooling by the whole window; over other axes the same work is assumed. */
export function meanCost(call: Call): Cost {
  const x = call.x[0]!;
  const reduced = sizeOf(x) / sizeOf(call.y[0]);
  const c = sizeOf(call.y[0]);
  const window: Window = { stride: [1, 1], padding: 'valid' };
  return poolCost({ ...call, x: [[1, reduced, 1, c]], y: [[1, 1, 1, c]] }, 'avg_pool', window, [reduced, 1]);
}

export function softmaxCost(call: Call): Cost {
  const y = call.y[0];
  const size = y[y.length - 1];
  if (formOf(call) === 'f32') return float(30 * sizeOf(y), sizeOf(y));
  return cost('softmax_s8', k.softmaxFeatures(sizeOf(y) / size, size));
}

const BYTES: Partial<Record<DType, number>> = { f32: 4, i32: 4, i16: 2 };
const bytesEach = (dtype: DType | null) => (dtype && BYTES[dtype]) ?? 1;

/** Elements moved in runs of `run` of the output. */
export function copyCost(call: Call, run: number): Cost {
  const total = call.y.reduce((n, shape) => n + sizeOf(shape), 0);
  return cost('concatenation_s8_x', k.copyFeatures(total / run, run * bytesEach(call.dtypes.y[0])));
}

export function padCost(call: Call): Cost {
  const [x, y] = [call.x[0]!, call.y[0]];
  const each = bytesEach(call.dtypes.y[0]);
  const rows = (s: Shape) => sizeOf(s.slice(0, Math.max(1, s.length - 2)));
  const found = k.padFeatures(rows(y), rows(x), (each * sizeOf(x)) / rows(x), (each * sizeOf(y)) / rows(y));
  return cost('pad_s8', found);
}

export function transposeCost(call: Call): Cost {
  const y = call.y[0];
  const rows = sizeOf(y.slice(0, -1));
  return cost('transpose_s8', k.transposeFeatures(y.length > 1 ? y[y.length - 2] : 1, rows, sizeOf(y)));
}

export function svdfCost(call: Call): Cost {
  const [[batch], [features, input], [, memory]] = [call.x[0]!, call.x[1]!, call.x[2]!];
  const macs = batch * features * (input + memory);
  if (formOf(call) === 'f32') return float(macs, batch * features, macs);
  const kind = call.core.kind;
  const scratchBytes = scratch.svdfS8Scratch(kind, features) + 4 * batch * features * 2;
  return cost('svdf_s8', k.svdfFeatures(batch, input, features, memory), { macs, scratchBytes });
}

/** Four gates a step, each a dense layer of the input and one of the hidden state. */
export function lstmCost(call: Call): Cost {
  const x = call.x[0]!;
  const steps = x[0] * x[1];
  const [hidden, input] = call.x[4]!;
  const macs = 4 * steps * hidden * (input + hidden);
  if (formOf(call) === 'f32') return float(macs, 4 * steps * hidden, macs);
  const dense = (depth: number) => k.fullyConnectedFeatures(call.core.kind, 's8', 4 * steps, depth, hidden).features;
  const [a, b] = [dense(input), dense(hidden)];
  const features = Object.fromEntries(Object.keys(a).map((name) => [name, a[name] + b[name]]));
  const scratchBytes = 2 * 2 * x[call.attrs.timeMajor ? 1 : 0] * hidden;
  return cost('fully_connected_s8', { path: '', features }, { macs, scratchBytes });
}
