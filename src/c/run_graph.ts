/** The graph that a runtime runs, of the one that a file holds. */
import type { Graph } from '../graph/graph.ts';
import { foldPads } from '../simplify/pad.ts';
import type { Runtime } from '../targets/runtime.ts';

const WITHOUT_PADS = new WeakMap<Graph, Graph>();

/**
 * A `.tflite` writes as a layer of its own what padding TFLite cannot say, as that of PyTorch at a stride of 2. Kernels that are called with any
 * padding need no such layer: neither its time nor its output in the arena. The answers are the same.
 */
export function withoutPads(graph: Graph): Graph {
  const known = WITHOUT_PADS.get(graph);
  if (known) return known;
  const found = foldPads(graph);
  WITHOUT_PADS.set(graph, found);
  return found;
}

/** TensorFlow Lite Micro interprets the file as it is; generated C calls kernels. */
export const runGraph = (graph: Graph, runtime: Runtime): Graph => (runtime === 'tflm' ? graph : withoutPads(graph));
