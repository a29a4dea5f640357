import { CompressError } from '../errors.ts';
import type { Activation, DType } from '../graph/graph.ts';
import type { TfliteConstant } from './op.ts';

/** Enumerations of TensorFlow Lite's schema.fbs as attributes, by their number there. */
const ACTIVATIONS: readonly Activation[] = ['none', 'relu', 'reluN1', 'relu6'];

export function readActivation(code: unknown): Activation {
  const found = ACTIVATIONS[Number(code ?? 0)];
  if (!found) {
    throw new CompressError(
      'unsupported',
      `fused activation ${['', '', '', '', 'TANH', 'SIGN_BIT'][Number(code)] || code} is not supported`,
      `fuse one of ${ACTIVATIONS.join(', ')}, or write it as an operator of its own`,
    );
  }
  return found;
}

export const writeActivation = (activation: Activation): number => ACTIVATIONS.indexOf(activation);

/** TensorType of a 32-bit bias under 16-bit activations; 0 where the operator's own rule holds (64 bits there). */
export const biasType = (dtype: (place: number) => DType | null): number => (dtype(0) === 'i16' && dtype(2) === 'i32' ? 2 : 0);

/** Operands without those left out. */
export const present = (inputs: readonly number[]): number[] => inputs.filter((t) => t >= 0);

/** Operands of a convolution, with a bias of zeros where it has none: converters always write one, and XNNPACK reads one. */
export function withBias(inputs: readonly number[], units: number): (number | TfliteConstant)[] {
  const [x, w, bias = -1] = inputs;
  const zeros = { name: 'bias', shape: [units], values: new Array<number>(units).fill(0), biasOf: [x, w] as const };
  return [x, w, bias >= 0 ? bias : zeros];
}
