import { sizeOf } from '../graph/graph.ts';
import type { CallOf } from '../ops/kernel_call.ts';
import { geometryOf } from './geometry.ts';
import type { Call, Placed } from './parts.ts';

/**
 * Layers computed band by band: some neighbouring layers run on a few rows of the last one's output, then on the next, so that what lies
 * between them is never stored whole. Rows that two bands need are computed twice. Bits are the same: a band is the same kernel on fewer rows,
 * with padding where the image ends.
 */

/** Rows `from`..`end - 1` of an image. */
export interface Rows {
  readonly from: number;
  readonly end: number;
}

/** Neighbouring layers `first`..`last` of a network, and the rows of a band of the last one's output. */
export interface Banding {
  readonly first: number;
  readonly last: number;
  readonly height: number;
}

/** A layer as far as bands go. */
export interface Bandable {
  readonly call: Call | null;
  /** Tensors of images that are computed or given. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Which rows of its inputs a layer needs for rows of its output, and the padding above them; null where it is not computed by rows. */
export function rowsNeeded(call: Call | null, { from, end }: Rows): (Rows & { readonly top: number }) | null {
  if (!call) return null;
  const window = windowOf(call);
  if (window) {
    const { inH, kernel, stride, top, dilation } = window;
    const least = from * stride - top;
    const most = (end - 1) * stride - top + (kernel - 1) * dilation + 1;
    return { from: Math.max(0, least), end: Math.min(inH, most), top: Math.max(0, -least) };
  }
  return isElementwise(call) ? { from, end, top: 0 } : null;
}

interface Window {
  readonly inH: number;
  readonly kernel: number;
  readonly stride: number;
  readonly top: number;
  readonly dilation: number;
}

function windowOf(call: Call): Window | null {
  switch (call.family) {
    case 'convolve':
    case 'depthwise_conv': {
      const g = geometryOf(call as CallOf<'convolve' | 'depthwise_conv', Placed>);
      return { inH: g.inH, kernel: g.kH, stride: g.sH, top: g.top, dilation: g.dH };
    }
    case 'avg_pool':
    case 'max_pool': {
      const { filter, stride, padding } = call.parameters;
      return { inH: call.operands.x.shape[1], kernel: filter[0], stride: stride[0], top: padding[0], dilation: 1 };
    }
  }
  return null;
}

function isElementwise(call: Call): boolean {
  if (call.family !== 'elementwise_add') return false;
  const { x1, x2, y } = call.operands;
  return [x1, x2].every((x) => !x.data && x.shape.length === 4 && String(x.shape) === String(y.shape));
}

/** What one band of a layer computes, and of which rows. */
export interface BandStep {
  /** Of the network's layers. */
  readonly layer: number;
  readonly out: Rows;
  readonly top: number;
  /** Rows that it reads of each tensor. */
  readonly reads: ReadonlyMap<number, Rows>;
}

export interface Band {
  readonly steps: readonly BandStep[];
  /** Rows that are kept of each tensor inside of the band. */
  readonly kept: ReadonlyMap<number, Rows>;
}

/** The bands of a part of a network; null where it cannot be computed so. @param heightOf rows of a tensor */
export function bandsOf(layers: readonly Bandable[], banding: Banding, heightOf: (tensor: number) => number): Band[] | null {
  const { first, last, height } = banding;
  const part = layers.slice(first, last + 1);
  const result = part[part.length - 1].outputs[0];
  const inside = new Set(part.flatMap((l) => l.outputs));
  if (part.some((l) => l.outputs.length !== 1)) return null;
  const bands: Band[] = [];
  for (let from = 0; from < heightOf(result); from += height) {
    const kept = new Map<number, Rows>([[result, { from, end: Math.min(from + height, heightOf(result)) }]]);
    const steps: BandStep[] = [];
    for (let i = part.length - 1; i >= 0; i--) {
      const out = kept.get(part[i].outputs[0]);
      const needed = out && rowsNeeded(part[i].call, out);
      if (!out || !needed || needed.end <= needed.from) return null;
      const rows: Rows = { from: needed.from, end: needed.end };
      for (const t of part[i].inputs) {
        const known = kept.get(t);
        if (inside.has(t))
          kept.set(t, known ? { from: Math.min(known.from, rows.from), end: Math.max(known.end, rows.end) } : rows);
      }
      steps.unshift({ layer: first + i, out, top: needed.top, reads: new Map(part[i].inputs.map((t) => [t, rows])) });
    }
    // What is kept may have grown by a layer that was looked at later, but never by one behind it: layers stand in the order of running.
    kept.delete(result);
    bands.push({ steps, kept });
  }
  return bands;
}

/** A layer's call on a band. @param operandOf its operand for an image of the network */
export function callOfBand(call: Call, { top }: BandStep, operandOf: (o: Placed) => Placed): Call {
  const operands = Object.fromEntries(
    Object.entries(call.operands as Readonly<Record<string, Placed | null>>).map(([name, o]) => [name, o && operandOf(o)]),
  );
  const given = call.parameters as { readonly padding?: readonly [number, number] };
  const parameters = given.padding ? { ...given, padding: [top, given.padding[1]] } : given;
  return { ...call, operands, parameters } as Call;
}

/** Products of a call, or outputs where it has none. */
export function workOf(call: Call | null): number {
  if (!call) return 0;
  const { y, w } = call.operands as { readonly y?: Placed; readonly w?: Placed };
  if (!y) return 0;
  const each = w ? sizeOf(w.shape) / y.shape[y.shape.length - 1] : 1;
  return sizeOf(y.shape) * each;
}
