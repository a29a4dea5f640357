import { CompressError } from '../errors.ts';
import { isInteger, type Node } from '../graph/graph.ts';
import { type KernelCall, type Operand, rowOf } from '../ops/index.ts';

/**
 * The kernel call of a node, or null where it computes with real numbers.
 *
 * @param operands by tensor index of the graph
 * @throws CompressError `unsupported` where the operator has no integer form of these types, or takes weights that are computed
 */
export function lowered<O extends Operand>(node: Node, operands: readonly O[]): KernelCall<O> | null {
  const x = node.inputs.map((t) => (t < 0 ? null : operands[t]));
  const y = node.outputs.map((t) => operands[t]);
  if (![...x, ...y].some((o) => o && isInteger(o.dtype) && !isIndex(o))) return null;
  const { lower, layer } = rowOf(node.op);
  if (!lower) {
    throw new CompressError(
      'unsupported',
      `"${node.name}" (${node.op}) has no integer form`,
      'give the float model instead and let Thumbnet quantize it',
    );
  }
  // Parameters are packed once: what another layer computes cannot be one.
  if (layer && [layer.weights, layer.bias].some((place) => x[place] && x[place].data === null)) {
    throw new CompressError(
      'unsupported',
      `"${node.name}" (${node.op}) takes weights that another layer computes`,
      'use batchMatmul for the product of two computed tensors, or give the weights as constants',
    );
  }
  try {
    return lower({ x, y, attrs: node.attrs }) as KernelCall<O>; // a row passes its operands on, at most under another shape
  } catch (e) {
    if (!(e instanceof CompressError) || e.what.includes(`"${node.name}"`)) throw e;
    throw new CompressError(e.code, `"${node.name}" (${node.op}): ${e.what}`, e.fix);
  }
}

/** Unquantized constant int32 values are indices, not numbers of the network. */
const isIndex = (o: Operand) => o.dtype === 'i32' && !o.quant && o.data !== null;
