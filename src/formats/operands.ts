import { CompressError } from '../errors.ts';
import type { Tensor } from '../graph/graph.ts';
import type { FileOperands } from '../ops/index.ts';
import { dequantize } from '../run/integer.ts';

/** How a row's cell reads the operands of one operator of a file. @param where names it in messages */
export function operandsOf(
  { inputs, outputs }: { readonly inputs: readonly number[]; readonly outputs: readonly number[] },
  tensors: readonly Tensor[],
  where: string,
  bad: (what: string) => CompressError,
): FileOperands {
  const tensor = (list: readonly number[], place: number): Tensor => {
    const t = list[place];
    if (t === undefined || t < 0) throw bad(`${where} lacks operand ${place}`);
    return tensors[t];
  };
  return {
    inputs,
    outputs,
    shape: (place) => tensor(inputs, place).shape,
    outputShape: (place) => tensor(outputs, place).shape,
    values(place) {
      const t = tensor(inputs, place);
      if (!t.data) {
        throw new CompressError(
          'unsupported',
          `${where}: operand ${place} "${t.name}" is computed, where a constant is needed`,
          'convert the model with fixed input shapes',
        );
      }
      return Array.from(dequantize(t) ?? (t.data as ArrayLike<number | bigint>), Number);
    },
  };
}
