import { CompressError } from '../errors.ts';
import type { Graph, Node, Tensor, Values } from '../graph/graph.ts';
import { compile } from '../run/compile.ts';
import type { Heap } from '../wasm/heap.ts';

/**
 * What one node answers, by the engine itself: to `given` values of its computed operands, with some constants replaced.
 * Null where the engine has no form of the operator.
 */
export function answers(
  heap: Heap,
  graph: Graph,
  node: Node,
  given: ReadonlyMap<number, Values>,
  replaced: ReadonlyMap<number, Tensor> = new Map(),
): Values[] | null {
  const tensors = graph.tensors.map((t, i) => replaced.get(i) ?? t);
  const alone: Graph = { ...graph, tensors, nodes: [node], inputs: [...given.keys()], outputs: node.outputs };
  return heap.scope(() => {
    try {
      const program = compile(heap, onlyNamed(alone), { keepAll: true });
      [...given.values()].forEach((values, i) => {
        heap.write(program.inputs[i], values as Int8Array);
      });
      program.run();
      return program.outputs.map((o) => heap.read(o));
    } catch (e) {
      if (e instanceof CompressError && e.code === 'unsupported') return null;
      throw e;
    }
  });
}

/** The one-node graph with just its own tensors, so that nothing else is placed in memory. */
function onlyNamed(graph: Graph): Graph {
  const [node] = graph.nodes;
  const named = [...new Set([...node.inputs, ...node.outputs].filter((t) => t >= 0))];
  const place = (t: number) => (t < 0 ? -1 : named.indexOf(t));
  return {
    ...graph,
    tensors: named.map((t) => graph.tensors[t]),
    nodes: [{ ...node, inputs: node.inputs.map(place), outputs: node.outputs.map(place) }],
    inputs: graph.inputs.map(place),
    outputs: graph.outputs.map(place),
  };
}
