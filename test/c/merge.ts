import type { Graph } from '../../src/graph/graph.ts';

/** Graphs side by side as one, each with its own inputs and outputs. */
export function mergeGraphs(graphs: readonly Graph[]): Graph {
  const merged = { name: 'merged', tensors: [], nodes: [], inputs: [], outputs: [] } as {
    -readonly [K in keyof Graph]: Graph[K] extends readonly (infer T)[] ? T[] : Graph[K];
  };
  for (const [i, g] of graphs.entries()) {
    const at = merged.tensors.length;
    const moved = (t: number) => (t < 0 ? t : t + at);
    merged.tensors.push(...g.tensors.map((t) => ({ ...t, name: `${t.name}_${i}` })));
    merged.nodes.push(
      ...g.nodes.map((n) => ({ ...n, name: `${n.name}_${i}`, inputs: n.inputs.map(moved), outputs: n.outputs.map(moved) })),
    );
    merged.inputs.push(...g.inputs.map(moved));
    merged.outputs.push(...g.outputs.map(moved));
  }
  return merged;
}
