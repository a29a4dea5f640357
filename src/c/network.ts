import { CompressError } from '../errors.ts';
import { planArena } from '../graph/arena.ts';
import { type Overlap, planOverlapping } from '../graph/arena_overlap.ts';
import { bytesOf, type DType, type Graph, type Node, sizeOf } from '../graph/graph.ts';
import { type Block, blocksOf, type Lifetimes, lifetimesOf } from '../graph/lifetimes.ts';
import { rowOf } from '../ops/index.ts';
import { lowered } from '../run/lower.ts';
import type { Rows } from './bands.ts';
import { emitLayer } from './layers.ts';
import type { Call, LayerCode, Parts, Placed } from './parts.ts';
import { realPlain } from './plain/real.ts';

/** Where a tensor lies while the network runs. */
export type Place =
  /** `offset`: bytes behind where it begins. */
  | { readonly in: 'input' | 'output'; readonly offset: number; readonly index: number }
  | { readonly in: 'arena' | 'state'; readonly offset: number; readonly index?: never };

export interface Layer extends LayerCode {
  readonly name: string;
  readonly op: string;
  readonly kernel: string;
  /** Where it is one band of several: which rows of its output. */
  readonly rows?: Rows;
  /** The tensors that are whole when it has run. */
  readonly outputs: readonly number[];
  readonly scratchOffset: number;
  /** Its node in the graph. */
  readonly node: number;
  /** null where it computes with real numbers. */
  readonly call: Call | null;
  /** Bytes of the arena in use while it runs, its scratch included. */
  readonly liveBytes: number;
}

/** A network as calls of C functions on planned memory. */
export interface Network {
  /** With tensors for parts of its images, where layers run in bands. */
  readonly graph: Graph;
  readonly layers: readonly Layer[];
  readonly places: ReadonlyMap<number, Place>;
  readonly arenaBytes: number;
  readonly stateBytes: number;
  /** Whether no smaller arena exists. */
  readonly optimal: boolean;
  /** What lies in the arena; steps are layers. */
  readonly blocks: readonly Block[];
  /** Tensors that are kept from call to call. */
  readonly state: readonly number[];
}

/** Bytes at which tensors begin: whole MVE vectors. */
const ALIGN = 16;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

/** What is to be emitted: a kernel call, or a node that computes with real numbers. `tag` begins the names of its tables. */
export interface ToEmit {
  readonly node: Node;
  readonly call: Call | null;
  readonly operands: readonly Placed[];
  readonly tag: string;
  /** Equal for layers whose code differs at most in where tensors lie. */
  readonly like: string;
}

/** A layer to be run, on tensors of the graph or parts of them. */
export interface Step {
  readonly node: Node;
  /** Of the node in the graph. */
  readonly index: number;
  readonly call: Call | null;
  readonly like: string;
  readonly rows?: Rows;
  /** The tensors that are whole when it has run. */
  readonly done: readonly number[];
}

export const toEmit = ({ node, index, call, like }: Step, operands: readonly Placed[]): ToEmit => ({
  node,
  call,
  operands,
  tag: `l${index}`,
  like,
});

/** Layers in the order of running. */
export interface Schedule {
  readonly graph: Graph;
  /** Of each tensor the one whose bytes it shares. */
  readonly root: readonly number[];
  readonly steps: readonly Step[];
  /** Of a part of another tensor's bytes: where it begins in them. */
  readonly offsets: ReadonlyMap<number, number>;
}

/** Code of a layer; null where there is none. */
export type Emit = (layer: ToEmit) => LayerCode | null;

export const emitInto =
  (parts: Parts): Emit =>
  ({ node, call, operands, tag }) =>
    call ? emitLayer(call, parts, tag) : realPlain(node, operands, parts);

/** Lowers every node. */
export function wholeSchedule(graph: Graph, root: readonly number[]): Schedule {
  const operands = graph.tensors.map((t, i): Placed => ({ ...t, tensor: root[i] }));
  const steps = graph.nodes.flatMap((node, index): Step[] => {
    const { op, inputs, outputs } = node;
    if (rowOf(op).memory === 'view' && root[inputs[0]] === root[outputs[0]]) return [];
    return [{ node, index, call: lowered(node, operands), like: `${index}`, done: outputs }];
  });
  return { graph, root, steps, offsets: new Map() };
}

/** Has every layer's code emitted. @throws CompressError `unsupported` where there is none */
export function emitted({ graph, root, steps }: Schedule, emit: Emit): LayerCode[] {
  const operands = graph.tensors.map((t, i): Placed => ({ ...t, tensor: root[i] }));
  return steps.map((step) => {
    const { node } = step;
    const code = emit(toEmit(step, operands));
    if (code) return code;
    throw new CompressError(
      'unsupported',
      `"${node.name}" (${node.op}) computes with real numbers, and C is written for integers`,
      'quantize the whole model, or leave this operator to the program that calls it',
    );
  });
}

/** Plans the arena. */
export function arrange({ graph, root, steps, offsets }: Schedule, codes: readonly LayerCode[]): Network {
  const planned = withEdgesOutside(
    graph,
    root,
    steps.map(({ node }) => node),
  );
  const bytes = (t: number) => tensorBytes(graph.tensors[t].dtype, graph.tensors[t].shape);
  const lifetimes = lifetimesOf(planned, { bytes, memory: (node) => rowOf(node.op).memory });
  const { buffers, bufferOf } = lifetimes;
  const scratch = steps.map(({ node }, step) => ({
    name: `scratch of ${node.name}`,
    bytes: codes[step].scratchBytes,
    first: step,
    last: step,
  }));
  const overlaps = steps.flatMap(({ node }, step) => {
    const found = overlapOf(codes[step], planned.nodes[step], step, lifetimes);
    return found.filter(({ multiple }) => (offsets.get(node.inputs[0]) ?? 0) % multiple === 0);
  });
  const apart = planArena([...buffers, ...scratch], { align: ALIGN });
  const over = overlaps.length ? planOverlapping([...buffers, ...scratch], overlaps, { align: ALIGN }) : apart;
  const arena = over.bytes < apart.bytes ? { ...over, optimal: false } : apart;
  const places = new Map<number, Place>();
  graph.tensors.forEach((_, t) => {
    const buffer = bufferOf[root[t]];
    if (buffer >= 0) places.set(t, { in: 'arena', offset: arena.offsets[buffer] + (offsets.get(t) ?? 0) });
  });
  placeOutside(graph, root, places, offsets);
  const state = graph.tensors.flatMap((t, i) => (t.variable ? [i] : []));
  let stateBytes = 0;
  for (const t of state) {
    places.set(t, { in: 'state', offset: stateBytes });
    stateBytes += aligned(bytes(t));
  }
  const layers = steps.map(
    ({ node, index, call, rows, done }, i): Layer => ({
      ...codes[i],
      name: node.name,
      op: node.op,
      kernel: call?.kernel ?? `${node.op}_f32`,
      ...(rows && { rows }),
      outputs: done,
      scratchOffset: arena.offsets[buffers.length + i],
      node: index,
      call,
      liveBytes: [...buffers, ...scratch].reduce((n, b) => n + (b.first <= i && b.last >= i ? aligned(b.bytes) : 0), 0),
    }),
  );
  const blocks = blocksOf(graph, lifetimes, scratch, arena.offsets);
  return { graph, layers, places, arenaBytes: arena.bytes, stateBytes, optimal: arena.optimal, blocks, state };
}

/** What the arena is planned for: the caller holds inputs and outputs. @param root of each tensor the one that it is a view of (`aliases`) */
export function withEdgesOutside(graph: Graph, root: readonly number[], nodes: readonly Node[]): Graph {
  const moved = (t: number) => (t < 0 ? -1 : root[t]);
  const outside = new Set([...graph.inputs, ...graph.outputs].map(moved));
  return {
    ...graph,
    tensors: graph.tensors.map((t, i) => (outside.has(i) ? { ...t, variable: true } : t)),
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(moved), outputs: node.outputs.map(moved) })),
  };
}

/** Whether a layer's output may lie over its input: nobody else reads that, and nobody else has written the output. */
function overlapOf({ overlap }: LayerCode, { inputs, outputs }: Node, step: number, { buffers, bufferOf }: Lifetimes): Overlap[] {
  if (!overlap) return [];
  const [input, output] = [bufferOf[inputs[0]], bufferOf[outputs[0]]];
  if (input < 0 || output < 0 || input === output) return [];
  return buffers[input].last === step && buffers[output].first === step ? [{ input, output, ...overlap }] : [];
}

export const tensorBytes = (dtype: DType, shape: readonly number[]): number => bytesOf(dtype, sizeOf(shape));

/**
 * For each tensor the one whose bytes it shares: the other side of a node that only changes the shape, or of a conversion at an edge that is
 * done in the caller's memory.
 */
export function aliases(graph: Graph, overwriteInputs = false): number[] {
  const root = graph.tensors.map((_, i) => i);
  const isOutside = (t: number) => graph.inputs.includes(t) || graph.outputs.includes(t);
  const fixed = root.map(isOutside);
  const join = (gone: number, kept: number) => {
    for (let t = 0; t < root.length; t++) if (root[t] === gone) root[t] = kept;
  };
  for (const { op, inputs, outputs } of graph.nodes) {
    if (rowOf(op).memory !== 'view' || graph.tensors[inputs[0]].data) continue;
    const [from, to] = [root[inputs[0]], root[outputs[0]]];
    if (fixed[from] && fixed[to]) continue; // two buffers of the caller: copied
    if (fixed[to]) join(from, to);
    else join(to, from);
  }
  for (const node of graph.nodes) {
    if (!isConversion(graph, node)) continue;
    const [from, to] = [root[node.inputs[0]], root[node.outputs[0]]];
    const reads = (n: Node) => n.inputs.some((t) => t >= 0 && root[t] === from) && root[n.outputs[0]] !== from;
    if (fixed[from] === fixed[to] || graph.nodes.filter(reads).length > 1) continue;
    const [before, after] = [from, to].map((t) => tensorBytes(graph.tensors[t].dtype, graph.tensors[t].shape));
    if (fixed[to] && graph.outputs.some((t) => root[t] === to) && before === after) join(from, to);
    // What is read begins nowhere behind what is written.
    if (fixed[from] && overwriteInputs && !graph.outputs.some((t) => root[t] === from) && after <= before) join(to, from);
  }
  return root;
}

/** From one type to another of a byte, element by element. */
function isConversion({ tensors }: Graph, { op, inputs, outputs }: Node): boolean {
  const [x, y] = [tensors[inputs[0]], tensors[outputs[0]]];
  if (rowOf(op).memory !== 'in-place' || inputs.length !== 1 || x.data || x.variable || y.variable) return false;
  return x.dtype !== y.dtype && ['i8', 'u8'].includes(y.dtype);
}

/** Whether a run leaves other bytes in an input, by its number. */
export const isOverwritten = ({ layers, places }: Network, input: number): boolean =>
  layers.some(({ outputs }) =>
    outputs.some((t) => {
      const place = places.get(t);
      return place?.in === 'input' && place.index === input;
    }),
  );

function placeOutside(
  graph: Graph,
  root: readonly number[],
  places: Map<number, Place>,
  offsets: ReadonlyMap<number, number>,
): void {
  const given = (tensors: readonly number[], kind: 'input' | 'output') =>
    tensors.forEach((outside, index) => {
      root.forEach((r, t) => {
        if (r === root[outside]) places.set(t, { in: kind, index, offset: offsets.get(t) ?? 0 });
      });
    });
  given(graph.inputs, 'input');
  given(graph.outputs, 'output');
}
