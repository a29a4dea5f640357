import { compact, type Graph } from '../graph/graph.ts';
import type { Heap } from '../wasm/heap.ts';
import { answers } from './probe.ts';

/** What depends on constants alone is computed once, here. */
export function foldConstants(heap: Heap, graph: Graph): Graph {
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.filter((node) => {
    if (!node.inputs.every((t) => t < 0 || tensors[t].data)) return true;
    const values = answers(heap, { ...graph, tensors }, node, new Map());
    if (!values) return true;
    node.outputs.forEach((t, i) => {
      tensors[t] = { ...tensors[t], data: values[i] };
    });
    return graph.outputs.some((t) => node.outputs.includes(t));
  });
  return nodes.length < graph.nodes.length ? compact({ ...graph, tensors, nodes }) : graph;
}
