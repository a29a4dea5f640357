import type { DType, Graph, Node } from '../graph/graph.ts';
import { type Core, type Cost, rowOf } from '../ops/index.ts';

/** What a node costs on a core; `dtypes` by tensor, where they are to be others than the graph's. */
export function costOf({ tensors }: Graph, node: Node, core: Core, dtypes?: readonly DType[]): Cost {
  const shapeOf = (t: number) => tensors[t].shape;
  const dtypeOf = (t: number) => dtypes?.[t] ?? tensors[t].dtype;
  const orNull = <T>(of: (t: number) => T) => node.inputs.map((t) => (t < 0 ? null : of(t)));
  return rowOf(node.op).cost({
    x: orNull(shapeOf),
    y: node.outputs.map(shapeOf),
    dtypes: { x: orNull(dtypeOf), y: node.outputs.map(dtypeOf) },
    attrs: node.attrs,
    core,
  });
}

/** Multiply-accumulates of one example, which are the same on every core. */
export const macsOf = (graph: Graph, node: Node): number => costOf(graph, node, { kind: 'c' }).macs;
