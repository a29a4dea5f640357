import { type Graph, type Node, sizeOf } from '../graph/graph.ts';
import type { CoreKind } from '../ops/buffer_sizes.ts';
import { type Cost, costOfCall, floatCost, NOTHING } from '../ops/cost.ts';
import { type KernelCall, type Operand, rowOf, type Shape } from '../ops/index.ts';

/**
 * What a node costs on a kind of core.
 *
 * @param operands by tensor index of the graph
 * @param call     its kernel call, or null where it computes with real numbers
 */
export function costOf(node: Node, operands: readonly Operand[], call: KernelCall | null, core: CoreKind): Cost {
  const { work, lower } = rowOf(node.op);
  if (!work) return NOTHING;
  const x = node.inputs.map((t) => (t < 0 ? null : operands[t]));
  const y = node.outputs.map((t) => operands[t]);
  if (work === 'moves') return { macs: 0, ...costOfCall(call ?? lower!({ x, y, attrs: node.attrs }), core) };
  const shapes = y.map((o) => o.shape);
  const { macs, steps } = work(
    x.map((o) => o?.shape ?? null),
    shapes,
    node.attrs,
  );
  return { macs, ...(call ? costOfCall(call, core) : floatCost(steps, sizeOf(shapes[0]))) };
}

/** Multiply-accumulates of one example, which are the same on every core. */
export function macsOf({ tensors }: Graph, { op, inputs, outputs, attrs }: Node): number {
  const { work } = rowOf(op);
  const shapes = (places: readonly number[]): (Shape | null)[] => places.map((t) => (t < 0 ? null : tensors[t].shape));
  return typeof work === 'function' ? work(shapes(inputs), shapes(outputs) as Shape[], attrs).macs : 0;
}
