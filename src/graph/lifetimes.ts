import type { Graph, Node } from './graph.ts';
import type { Lifetime } from './greedy.ts';

/** Whether a node's output needs memory of its own. */
export type Memory =
  /** The same bytes under another shape: nothing is computed. */
  | 'view'
  /** May be written over the first input that has no later consumer and the same size. */
  | 'in-place'
  | 'fresh';

export interface LifetimeOptions {
  /** Bytes of a tensor that is computed or given. */
  readonly bytes: (tensor: number) => number;
  readonly memory: (node: Node) => Memory;
  /** The caller may read its inputs again after a run. */
  readonly keepInputs?: boolean;
  /** Every tensor keeps memory of its own to the end. */
  readonly keepAll?: boolean;
}

export interface Lifetimes {
  readonly buffers: readonly Lifetime[];
  /** For each tensor its buffer, or -1: constants, state, and what no node touches. */
  readonly bufferOf: Int32Array;
}

/**
 * From the first to the last step (index of the node) at which each tensor's bytes are needed. Inputs are there from
 * step 0, outputs stay to the last step. Tensors that share bytes share one buffer.
 */
export function lifetimesOf(graph: Graph, options: LifetimeOptions): Lifetimes {
  const { root, first, last } = rooted(graph, options);
  if (!options.keepAll) shareInPlace(graph, options, root, first, last);
  const bufferOf = new Int32Array(graph.tensors.length).fill(-1);
  const buffers: Lifetime[] = [];
  for (let t = 0; t < root.length; t++) {
    const r = find(root, t);
    if (last[r] < 0 || !isPlaced(graph, t)) continue;
    if (bufferOf[r] < 0) {
      bufferOf[r] = buffers.length;
      buffers.push({ bytes: options.bytes(r), first: first[r], last: last[r] });
    }
    bufferOf[t] = bufferOf[r];
  }
  return { buffers, bufferOf };
}

const isPlaced = (graph: Graph, t: number) => t >= 0 && !graph.tensors[t].data && !graph.tensors[t].variable;

function find(root: Int32Array, t: number): number {
  let r = t;
  while (root[r] !== r) r = root[r];
  return r;
}

function rooted(graph: Graph, { memory, keepInputs, keepAll }: LifetimeOptions) {
  const n = graph.tensors.length;
  const end = Math.max(0, graph.nodes.length - 1);
  const root = Int32Array.from({ length: n }, (_, i) => i);
  const first = new Int32Array(n).fill(end);
  const last = new Int32Array(n).fill(-1);
  const touch = (t: number, step: number) => {
    if (!isPlaced(graph, t)) return;
    const r = find(root, t);
    first[r] = Math.min(first[r], step);
    last[r] = Math.max(last[r], step);
  };
  for (const t of graph.inputs) touch(t, 0);
  graph.nodes.forEach((node, step) => {
    if (!keepAll && memory(node) === 'view' && isPlaced(graph, node.inputs[0])) {
      root[node.outputs[0]] = find(root, node.inputs[0]);
    }
    for (const t of node.inputs) touch(t, step);
    for (const t of node.outputs) touch(t, step);
  });
  for (const t of graph.outputs) touch(t, end);
  if (keepInputs) for (const t of graph.inputs) touch(t, end);
  if (keepAll) for (let t = 0; t < n; t++) if (last[t] >= 0) touch(t, end);
  return { root, first, last };
}

/** Lets an output take over the buffer of an operand of the same size that is read here for the last time. */
function shareInPlace(graph: Graph, { memory, bytes }: LifetimeOptions, root: Int32Array, first: Int32Array, last: Int32Array) {
  graph.nodes.forEach((node, step) => {
    if (node.outputs.length !== 1 || memory(node) !== 'in-place') return;
    const out = find(root, node.outputs[0]);
    // Part of it is there already.
    if (first[out] < step) return;
    for (const t of node.inputs) {
      if (!isPlaced(graph, t)) continue;
      const r = find(root, t);
      if (r === out || last[r] !== step || bytes(r) !== bytes(out)) continue;
      root[out] = r;
      last[r] = Math.max(last[r], last[out]);
      first[r] = Math.min(first[r], first[out]);
      return;
    }
  });
}

/** Bytes of an arena that something takes from the first to the last step in which it is needed. */
export interface Block extends Lifetime {
  readonly name: string;
  readonly offset: number;
}

/** What lies where and when: tensors, which may share a block, and scratch of steps. */
export function blocksOf(
  graph: Pick<Graph, 'tensors'>,
  { buffers, bufferOf }: Lifetimes,
  scratch: readonly (Lifetime & { readonly name: string })[],
  offsets: readonly number[],
): Block[] {
  const names = buffers.map((): string[] => []);
  bufferOf.forEach((buffer, t) => {
    if (buffer >= 0) names[buffer].push(graph.tensors[t].name);
  });
  const all = [...buffers.map((b, i) => ({ ...b, name: names[i].join(' = ') })), ...scratch];
  return all.map((b, i) => ({ ...b, offset: offsets[i] })).filter((b) => b.bytes > 0);
}
