import { bytesOf, type Graph, sizeOf } from '../graph/graph.ts';
import { greedyBySize } from '../graph/greedy.ts';
import { lifetimesOf } from '../graph/lifetimes.ts';
import { rowOf, type Shape } from '../ops/index.ts';

export interface Places {
  /** Byte offset of each tensor that is computed or given; -1 for constants and state. */
  readonly offsets: Float64Array;
  readonly bytes: number;
}

/** Whole cache lines, and whole vectors from any first element. */
const ALIGN = 64;

/** Memory for activations while a graph runs here, placed quickly, as how much there is of it hardly counts; inputs stay as they were. */
export function placeActivations(graph: Graph, shapes: readonly Shape[], keepAll: boolean): Places {
  const { buffers, bufferOf } = lifetimesOf(graph, {
    bytes: (t) => bytesOf(graph.tensors[t].dtype, sizeOf(shapes[t])),
    memory: (node) => (rowOf(node.op).memory === 'view' ? 'view' : 'fresh'),
    keepInputs: true,
    keepAll,
  });
  const { offsets, bytes } = greedyBySize(buffers, ALIGN);
  return { offsets: Float64Array.from(bufferOf, (b) => (b < 0 ? -1 : offsets[b])), bytes };
}
