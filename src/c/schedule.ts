import type { Graph, Tensor } from '../graph/graph.ts';
import { lifetimesOf } from '../graph/lifetimes.ts';
import { rowOf } from '../ops/index.ts';
import { type Band, type Bandable, type Banding, bandsOf, callOfBand, type Rows, workOf } from './bands.ts';
import {
  aliases,
  arrange,
  type Emit,
  emitted,
  type Network,
  type Schedule,
  type Step,
  tensorBytes,
  toEmit,
  wholeSchedule,
  withEdgesOutside,
} from './network.ts';
import type { LayerCode, Placed } from './parts.ts';

export interface PlanOptions {
  /** Whether a run may leave other bytes in the caller's inputs. */
  readonly overwriteInputs?: boolean;
  /** Where it is given, layers run in bands (bands.ts) if that makes the arena smaller. */
  readonly bands?: BandOptions | null;
}

export interface BandOptions {
  /** Emits what may not be taken. */
  readonly sketch: Emit;
  /** Bytes: bands begin where kernels may load words or vectors. */
  readonly align: number;
}

/** Lowers every node, has its code emitted and plans the arena. */
export function planNetwork(graph: Graph, emit: Emit, { overwriteInputs = false, bands = null }: PlanOptions = {}): Network {
  const whole = wholeSchedule(graph, aliases(graph, overwriteInputs));
  const schedule = bands ? cheapest(whole, bands) : whole;
  return arrange(schedule, emitted(schedule, emit));
}

/** Bands of so many rows of the last layer's output are looked at, as parts of it. */
const PARTS = [2, 3, 4, 5, 6, 8, 10, 12, 16, 24];
/** How many of the likeliest are planned. */
const PLANNED = 4;
/** What all layers may have to compute beside what they do without bands. */
const MOST_WORK = 1.5;
/** Bands have calls and code of their own: they are to save a tenth of the arena. */
const WORTH = 0.9;
/** Twice the work is worth half of the bytes. */
const priceOf = (bytes: number, work: number): number => bytes * Math.max(1, work);

interface Candidate {
  readonly banding: Banding;
  readonly bands: readonly Band[];
  readonly work: number;
  /** Bytes alive at most, if every output that may lie over an input does. */
  readonly bytes: number;
}

/** The schedule of the best price: of whole layers, or with some of them in bands. */
function cheapest(whole: Schedule, { sketch, align }: BandOptions): Schedule {
  const known = new Map<string, LayerCode>();
  const codes = codesOf(whole, sketch, known);
  if (!codes) return whole;
  let best = { schedule: whole, price: WORTH * priceOf(arrange(whole, codes).arenaBytes, 1) };
  const likely = candidates(whole, codes, align).sort((a, b) => priceOf(a.bytes, a.work) - priceOf(b.bytes, b.work));
  for (const { banding, bands, bytes, work } of likely.slice(0, PLANNED)) {
    if (priceOf(bytes, work) >= best.price) continue;
    const schedule = inBands(whole, banding, bands);
    const found = codesOf(schedule, sketch, known);
    const price = found ? priceOf(arrange(schedule, found).arenaBytes, work) : best.price;
    if (price < best.price) best = { schedule, price };
  }
  return best.schedule;
}

/** null where a layer has no code. */
function codesOf({ graph, root, steps }: Schedule, emit: Emit, known: Map<string, LayerCode>): LayerCode[] | null {
  const operands = graph.tensors.map((t, i): Placed => ({ ...t, tensor: root[i] }));
  const codes: LayerCode[] = [];
  for (const step of steps) {
    const code = known.get(step.like) ?? emit(toEmit(step, operands));
    if (!code) return null;
    known.set(step.like, code);
    codes.push(code);
  }
  return codes;
}

function bandables({ graph, root, steps }: Schedule): Bandable[] {
  const isImage = (t: number) => t >= 0 && !graph.tensors[t].data;
  return steps.map(({ node, call }) => ({
    call,
    inputs: node.inputs.filter(isImage).map((t) => root[t]),
    outputs: node.outputs.map((t) => root[t]),
  }));
}

const rowBytes = ({ dtype, shape }: Tensor): number => tensorBytes(dtype, shape) / shape[1];
const isRows = ({ shape }: Tensor): boolean => shape.length === 4 && shape[0] === 1;

/** Longer parts have halos that cost more than they save. */
const LONGEST = 16;

function candidates(whole: Schedule, codes: readonly LayerCode[], align: number): Candidate[] {
  const { tensors } = whole.graph;
  const layers = bandables(whole);
  const alive = aliveIn(whole, layers, codes);
  const usual = layers.map((_, i) => alive.at(i));
  const peak = usual.indexOf(Math.max(...usual));
  const found: Candidate[] = [];
  for (let first = Math.max(0, peak - LONGEST); first <= peak; first++) {
    for (let last = Math.max(first + 1, peak); last < Math.min(layers.length, first + LONGEST); last++) {
      const part = layers.slice(first, last + 1);
      const images = part.flatMap((l) => [...l.inputs, ...l.outputs]);
      if (!images.every((t) => isRows(tensors[t]) && rowBytes(tensors[t]) % align === 0)) break;
      const around = alive.around(first, last);
      if (around === null) continue;
      const outside = Math.max(around, ...usual.filter((_, i) => i < first || i > last));
      const [{ shape }] = part[part.length - 1].outputs.map((t) => tensors[t]);
      for (const height of new Set(PARTS.map((p) => Math.ceil(shape[1] / p)))) {
        const banding = { first, last, height };
        const bands = bandsOf(layers, banding, (t) => tensors[t].shape[1]);
        if (!bands || bands.length < 2) continue;
        const work = workIn(layers, banding, bands, tensors);
        if (work > MOST_WORK) continue;
        found.push({ banding, bands, work, bytes: Math.max(outside, ...bands.map((b) => around + alive.inside(b))) });
      }
    }
  }
  return found;
}

/** How much all layers compute, as a multiple of what they do without bands. */
function workIn(
  layers: readonly Bandable[],
  { first, last }: Banding,
  bands: readonly Band[],
  tensors: readonly Tensor[],
): number {
  const works = layers.map((l) => workOf(l.call));
  const total = works.reduce((a, b) => a + b, 0);
  const usual = works.slice(first, last + 1).reduce((a, b) => a + b, 0);
  const own = bands
    .flatMap((b) => b.steps)
    .reduce((n, { layer, out }) => {
      const [y] = layers[layer].outputs;
      return n + (works[layer] * (out.end - out.from)) / tensors[y].shape[1];
    }, 0);
  return (total - usual + own) / total;
}

/** Bytes that are alive if every output that may lie over its input does: what a plan of the arena comes near. */
function aliveIn(whole: Schedule, layers: readonly Bandable[], codes: readonly LayerCode[]) {
  const { graph, root, steps } = whole;
  const planned = withEdgesOutside(
    graph,
    root,
    steps.map(({ node }) => node),
  );
  const bytes = (t: number) => tensorBytes(graph.tensors[t].dtype, graph.tensors[t].shape);
  const { buffers, bufferOf } = lifetimesOf(planned, { bytes, memory: (node) => rowOf(node.op).memory });
  const [made, read] = [new Map<number, number>(), new Map<number, number>()];
  layers.forEach(({ inputs, outputs }, i) => {
    for (const t of outputs) made.set(t, i);
    for (const t of inputs) read.set(t, i);
  });
  const saved = (i: number, sizeOfImage: (t: number) => number) => {
    const [x] = layers[i].inputs;
    const [y] = layers[i].outputs;
    const both = codes[i].overlap && read.get(x) === i && bufferOf[x] >= 0 && bufferOf[y] >= 0 && bufferOf[x] !== bufferOf[y];
    return both ? Math.min(sizeOfImage(x), sizeOfImage(y)) : 0;
  };
  return {
    at: (i: number) =>
      buffers.reduce((n, b) => n + (b.first <= i && b.last >= i ? b.bytes : 0), codes[i].scratchBytes - saved(i, bytes)),
    /** Besides what lies between layers `first`..`last`; null where something of that is needed elsewhere. */
    around(first: number, last: number): number | null {
      const inside = layers.slice(first, last).flatMap((l) => l.outputs);
      if (
        inside.some((t) => bufferOf[t] < 0 || (read.get(t) ?? layers.length) > last || graph.outputs.some((o) => root[o] === t))
      )
        return null;
      const result = bufferOf[layers[last].outputs[0]];
      const elsewhere = layers.flatMap((l) => [...l.inputs, ...l.outputs]).filter((t) => !inside.includes(t));
      const needed = new Set(elsewhere.map((t) => bufferOf[t]));
      const meets = buffers.filter((b, k) => b.last >= first && b.first <= last && (k === result || needed.has(k)));
      return meets.reduce((n, b) => n + b.bytes, 0);
    },
    inside({ steps: own, kept }: Band): number {
      const size = (t: number) => {
        const rows = kept.get(t);
        return rows ? (rows.end - rows.from) * rowBytes(graph.tensors[t]) : bytes(t);
      };
      const now = own.map(({ layer }) => {
        const { inputs, outputs } = layers[layer];
        const [y] = outputs;
        const inPlace = rowOf(steps[layer].node.op).memory === 'in-place' && kept.has(y);
        const over = inPlace && inputs.some((t) => kept.has(t) && read.get(t) === layer && size(t) === size(y)) ? size(y) : 0;
        return [...kept.keys()].reduce(
          (n, t) => n + (made.get(t)! <= layer && read.get(t)! >= layer ? size(t) : 0),
          codes[layer].scratchBytes - over - (kept.has(inputs[0]) ? saved(layer, size) : 0),
        );
      });
      return Math.max(...now);
    },
  };
}

/** The schedule with some layers in bands: tensors for what is kept of each image in a band, and for the parts of images that a band reads or writes. */
function inBands(whole: Schedule, { first, last }: Banding, bands: readonly Band[]): Schedule {
  const tensors: Tensor[] = [...whole.graph.tensors];
  const root = [...whole.root];
  const offsets = new Map<number, number>();
  const add = (of: Tensor, rows: Rows, name: string) => {
    const shape = [1, rows.end - rows.from, ...of.shape.slice(2)];
    root.push(tensors.length);
    return tensors.push({ ...of, name, shape, variable: false }) - 1;
  };
  const steps: Step[] = bands.flatMap(({ steps: own, kept }, b) => {
    const made = new Map(
      [...kept].map(([t, rows]) => [t, add(tensors[t], rows, `${tensors[t].name}, rows ${rows.from} to ${rows.end - 1}`)]),
    );
    /** Rows of an image, or of what is kept of it. */
    const view = (t: number, rows: Rows): number => {
      const of = made.get(t) ?? t;
      const before = rows.from - (kept.get(t)?.from ?? 0);
      if (before === 0 && rows.end - rows.from === tensors[of].shape[1]) return of;
      const id = add(tensors[of], rows, tensors[of].name);
      root[id] = root[of];
      offsets.set(id, before * rowBytes(tensors[of]));
      return id;
    };
    return own.map((step): Step => {
      const { node, index, call } = whole.steps[step.layer];
      const images = new Map([...step.reads].map(([t, rows]) => [t, view(t, rows)]));
      for (const t of node.outputs) images.set(whole.root[t], view(whole.root[t], step.out));
      const moved = (t: number) => (t < 0 ? t : (images.get(whole.root[t]) ?? t));
      const operand = (o: Placed): Placed => {
        const id = o.data ? undefined : images.get(o.tensor);
        return id === undefined ? o : { ...o, shape: tensors[id].shape, tensor: id };
      };
      const isLast = step.layer === last && b === bands.length - 1;
      return {
        node: { ...node, inputs: node.inputs.map(moved), outputs: node.outputs.map(moved) },
        index,
        call: callOfBand(call!, step, operand),
        like: [index, step.top, step.out.end - step.out.from, ...[...step.reads.values()].map((r) => r.end - r.from)].join('/'),
        rows: step.out,
        done: isLast ? node.outputs : [],
      };
    });
  });
  return {
    graph: { ...whole.graph, tensors },
    root,
    steps: [...whole.steps.slice(0, first), ...steps, ...whole.steps.slice(last + 1)],
    offsets,
  };
}
