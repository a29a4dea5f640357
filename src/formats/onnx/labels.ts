import type { GraphProto, NodeProto } from './generated/onnx_pb.ts';

/**
 * What scikit-learn's exporter (skl2onnx) puts behind a classifier: the name of the most likely class, and probabilities by name
 * (domain ai.onnx.ml). A network's answer is the probabilities themselves.
 */

const LEARNING = 'ai.onnx.ml';
const NAMED = 'ZipMap';

export interface WithoutLabels {
  readonly graph: GraphProto;
  readonly notes: readonly string[];
}

/** The graph with the probabilities for outputs, and only what they need; the graph itself where no class is looked up. */
export function withoutLabels(graph: GraphProto): WithoutLabels {
  if (!graph.node.some((n) => n.domain === LEARNING)) return { graph, notes: [] };
  const makers = new Map(graph.node.flatMap((n) => n.output.map((name) => [name, n] as const)));
  const notes: string[] = [];
  const outputs = graph.output.flatMap((info) => {
    const maker = makers.get(info.name);
    if (maker?.domain === LEARNING && maker.opType === NAMED) return [{ ...info, name: maker.input[0] }];
    const looked = behind([info.name], makers).some((n) => n.domain === LEARNING);
    if (looked) notes.push(`the output "${info.name}", which looks up the name of the likeliest class, is left out`);
    return looked ? [] : [info];
  });
  // a model of nothing else is refused by its operator
  if (!outputs.length) return { graph, notes: [] };
  const node = behind(
    outputs.map((o) => o.name),
    makers,
  );
  const read = new Set([...node.flatMap((n) => n.input), ...outputs.map((o) => o.name)]);
  const initializer = graph.initializer.filter((t) => read.has(t.name));
  return { graph: { ...graph, output: outputs, node, initializer }, notes };
}

/** The nodes that some values depend on, in the order of the file. */
function behind(names: readonly string[], makers: ReadonlyMap<string, NodeProto>): NodeProto[] {
  const found = new Set<NodeProto>();
  const waiting = [...names];
  while (waiting.length) {
    const node = makers.get(waiting.pop()!);
    if (!node || found.has(node)) continue;
    found.add(node);
    waiting.push(...node.input);
  }
  return [...new Set(makers.values())].filter((n) => found.has(n));
}
