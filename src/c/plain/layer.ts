import { packInt4 } from '../../graph/int4.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf } from '../geometry.ts';
import type { Argument, CType, Parts, Placed } from '../parts.ts';
import { clampFunction, plus, reduceMultiplier, requantizeFunction, requantizeWideFunction } from './rescale.ts';

type LayerCall = CallOf<'convolve' | 'depthwise_conv' | 'transpose_conv' | 'fully_connected', Placed>;

/** What the plain kernels of layers with weights share: types, how a weight is read, how a sum begins and ends. */
export interface PlainLayer {
  /** Of inputs and outputs. */
  readonly type: CType;
  readonly sum: 'int32_t' | 'int64_t';
  readonly weightType: CType;
  /** Parameters of the function: y, x, weights, channels, and 64-bit biases where there are. */
  readonly parameters: string;
  readonly arguments: readonly Argument[];
  /** The sum of channel `c` before the first product. */
  first(c: string): string;
  input(value: string): string;
  weight(index: string): string;
  /** The output for a sum. */
  finish(sum: string, c: string): string;
}

/** Int4 weights: two to a byte, the first in the low half. */
const nibbleFunction = (parts: Parts): string =>
  parts.function(
    'nibble',
    (name) => `
      /* The signed 4-bit number at a place of an array that holds two in a byte, the first in the low half. */
      static int32_t ${name}(const int8_t *pairs, int32_t at) {
        const int32_t pair = pairs[at / 2];
        return ((at % 2) != 0) ? (pair >> 4) : ((int32_t)((uint32_t)pair << 28) >> 28);
      }`,
  );

/** @param units output channels */
export function plainLayer(call: LayerCall, parts: Parts, tag: string, units: number): PlainLayer {
  const { x, y, w, bias } = call.operands;
  const p = call.parameters;
  const wide = call.form === 's16' && p.wide;
  const type = call.form === 's16' ? 'int16_t' : 'int8_t';
  const at = (c: number) => (p.multiplier.length === 1 ? 0 : c);
  const clamp = clampFunction(parts);
  const requantize = wide ? requantizeWideFunction(parts) : requantizeFunction(parts);
  const data = w.data as Int8Array;
  const packed = call.form === 's4';
  const nibble = packed ? nibbleFunction(parts) : '';
  const wOffset = call.family === 'fully_connected' ? call.parameters.wOffset : 0;
  const channels = Array.from({ length: units }, (_, c) => {
    const multiplier = p.multiplier[at(c)];
    const own = [wide ? reduceMultiplier(multiplier) : multiplier, p.shift[at(c)]];
    return wide ? own : [biasOf(call as CallOf<'convolve', Placed>, c), ...own];
  });
  const each = wide ? 2 : 3;
  const biases = wide && bias ? [parts.table(`${tag}_biases`, 'int64_t', bias.data as BigInt64Array)] : [];
  return {
    type,
    sum: wide ? 'int64_t' : 'int32_t',
    weightType: 'int8_t',
    parameters: `${type} *y, const ${type} *x, const int8_t *weights, const int32_t *channels${biases.length ? ', const int64_t *biases' : ''}`,
    arguments: [
      parts.operand(y),
      parts.operand(x),
      parts.table(`${tag}_weights`, 'int8_t', packed ? Int8Array.from(packInt4(data)) : data),
      parts.table(`${tag}_channels`, 'int32_t', channels.flat()),
      ...biases,
    ],
    first: (c) => (wide ? (biases.length ? `biases[${c}]` : '0') : `channels[${each} * ${c}]`),
    input: (value) => (call.form === 's16' ? value : plus(value, p.xOffset)),
    weight: (index) => plus(packed ? `${nibble}(weights, ${index})` : `weights[${index}]`, wOffset),
    finish: (sum, c) => {
      const scaled = `${requantize}(${sum}, channels[(${each} * ${c}) + ${each - 2}], channels[(${each} * ${c}) + ${each - 1}])`;
      return `(${type})${clamp}(${call.form === 's16' ? scaled : plus(scaled, p.yOffset)}, ${p.yMin}, ${p.yMax})`;
    },
  };
}
