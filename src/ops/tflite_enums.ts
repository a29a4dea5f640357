import { CompressError } from '../errors.ts';
import type { Activation } from '../graph/graph.ts';

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
