import type { Activation, DType } from '../graph/graph.ts';
import type { NoAttrs } from './op.ts';
import type { TfliteCell, TfliteConstant } from './op_tflite.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';

/** Parts of the `tflite` cells that several rows share. */

/** Of an operator without options. */
export const plainTflite = (code: number): TfliteCell<NoAttrs> => ({
  codes: [code],
  read: ({ inputs }) => ({ attrs: {}, inputs }),
  write: ({ inputs }) => ({ code, options: {}, inputs }),
});

/** Of a sum or difference. Scales of int16 are any numbers, not powers of two as in older files. */
export const sumTflite = (code: number): TfliteCell<{ readonly activation: Activation }> => ({
  codes: [code],
  read: ({ options, inputs }) => ({ attrs: { activation: readActivation(options.fused_activation_function) }, inputs }),
  write: ({ attrs, inputs, dtype }) => ({
    code,
    options: { fused_activation_function: writeActivation(attrs.activation), pot_scale_int16: dtype(0) !== 'i16' },
    inputs,
  }),
});

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
