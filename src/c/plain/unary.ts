import { CompressError } from '../../errors.ts';
import { type DType, newValues, sizeOf, type Values } from '../../graph/graph.ts';
import type { CallOf, KernelCall } from '../../ops/kernel_call.ts';
import type { PlacedOperand } from '../../ops/op.ts';
import { stepOf } from '../../run/kernel_step.ts';
import type { Heap } from '../../wasm/heap.ts';
import { sigmoidTable } from '../../wasm/luts.ts';
import { type Argument, type Call, type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { floatText } from '../project/types.ts';
import { clampFunction, plus, requantizeFunction } from './rescale.ts';

/** Functions of one value. */

type UnaryFamily =
  | 'logistic'
  | 'tanh'
  | 'hard_swish'
  | 'leaky_relu'
  | 'requantize'
  | 'clamp'
  | 'lookup'
  | 'activation'
  | 'quantize'
  | 'dequantize';
type UnaryCall = CallOf<UnaryFamily, Placed>;

/** Of 8-bit values: a table of all 256 that the engine itself fills. Of others: arithmetic. */
export function unaryPlain(call: UnaryCall, parts: Parts, tag: string): LayerCode {
  const { x, y } = call.operands;
  const byte = x.dtype === 'i8' || x.dtype === 'u8';
  if (byte && y.dtype !== 'f32') return lookup(call, parts, tag);
  const text = TEXTS[call.family] as ((call: UnaryCall, parts: Parts) => string) | undefined;
  if (!text) throw new CompressError('unsupported', `${call.kernel} has no C yet`, 'Quantize to 8-bit activations');
  const more: Argument[] = call.family === 'activation' ? [parts.table('sigmoid', 'uint16_t', sigmoidTable())] : [];
  return elementwise(parts, call.family, x, y, text(call, parts), more);
}

/** `y[i]` from `value`, which is `x[i]`; the text sets it. */
function elementwise(parts: Parts, base: string, x: Placed, y: Placed, text: string, more: readonly Argument[]): LayerCode {
  const [from, to] = [TYPES[x.dtype], TYPES[y.dtype]];
  const table = more.length ? ', const uint16_t *table' : '';
  const name = parts.function(
    base,
    (n) => `
      static void ${n}(${to} *y, const ${from} *x${table}) {
        for (int32_t i = 0; i < ${sizeOf(y.shape)}; i++) {
          ${text}
        }
      }`,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x), ...more] }], scratchBytes: 0, notes: [] };
}

const FIRST: Partial<Record<DType, number>> = { i8: -128, u8: 0 };

function lookup(call: UnaryCall, parts: Parts, tag: string): LayerCode {
  const { x, y } = call.operands;
  const first = FIRST[x.dtype]!;
  const table = tableOf(call, parts, tag);
  const [from, to] = [TYPES[x.dtype], TYPES[y.dtype]];
  const name = parts.function(
    'lookup',
    (n) => `
      static void ${n}(${to} *y, const ${from} *x, const ${to} *table) {
        for (int32_t i = 0; i < ${sizeOf(y.shape)}; i++) {
          y[i] = table[${plus('x[i]', -first)}];
        }
      }`,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x), table] }], scratchBytes: 0, notes: [] };
}

function tableOf(call: UnaryCall, parts: Parts, tag: string): Argument {
  const { x, y } = call.operands;
  const { heap } = parts;
  const type = TYPES[y.dtype];
  if (heap) return parts.table(`${tag}_table`, type, valuesOf(call, heap));
  const is = JSON.stringify([call.kernel, call.parameters, x.quant, y.quant]);
  return parts.table(`${tag}_table`, type, newValues(y.dtype, 256), is);
}

/** What the engine makes of all 256 values. */
function valuesOf(call: Call, heap: Heap): Values {
  const { x, y } = call.operands as { x: Placed; y: Placed };
  return heap.scope(() => {
    const all = Array.from({ length: 256 }, (_, i) => i + FIRST[x.dtype]!);
    const place = (o: Placed, values?: ArrayLike<number>): PlacedOperand => ({ ...o, ...heap.tensor(o.dtype, [256], values) });
    const [from, to] = [place(x, all), place(y)];
    stepOf(heap, { ...call, operands: { x: from, y: to } } as KernelCall<PlacedOperand>)();
    return heap.read(to);
  });
}

const TEXTS: { readonly [F in UnaryFamily]?: (call: CallOf<F, Placed>, parts: Parts) => string } = {
  requantize: (call, parts) => {
    const { xOffset, yOffset, multiplier, shift, yMin, yMax } = call.parameters;
    const scaled = `${requantizeFunction(parts)}(${plus('x[i]', xOffset)}, ${multiplier}, ${shift})`;
    return `y[i] = (${TYPES[call.operands.y.dtype]})${clampFunction(parts)}(${plus(scaled, yOffset)}, ${yMin}, ${yMax});`;
  },
  clamp: (call, parts) =>
    `y[i] = (${TYPES[call.operands.y.dtype]})${clampFunction(parts)}(x[i], ${call.parameters.yMin}, ${call.parameters.yMax});`,
  leaky_relu: (call, parts) => {
    const { xZero, yZero, multiplier, shift, slopeMultiplier, slopeShift } = call.parameters;
    const requantize = requantizeFunction(parts);
    return `
      const int32_t value = ${plus('x[i]', -xZero)};
      const int32_t scaled = (value >= 0) ? ${requantize}(value, ${multiplier}, ${shift}) : ${requantize}(value, ${slopeMultiplier}, ${slopeShift});
      y[i] = (int16_t)${clampFunction(parts)}(${plus('scaled', yZero)}, -32768, 32767);`;
  },
  activation: (call, parts) => {
    const { type, multiplier, shift } = call.parameters;
    return `y[i] = ${sigmoidFunction(parts, type)}(x[i], ${multiplier}, ${shift}, table);`;
  },
  quantize: (call) => {
    const { scale, zero } = call.parameters;
    const { dtype } = call.operands.y;
    const [least, largest] = dtype === 'i16' ? [-32768, 32767] : dtype === 'u8' ? [0, 255] : [-128, 127];
    return `
      const float steps = x[i] / ${floatText(scale)};
      const float low = (steps >= ${floatText(least - zero)}) ? steps : ${floatText(least - zero)};
      const float most = (low > ${floatText(largest - zero)}) ? ${floatText(largest - zero)} : low;
      int32_t rounded = (int32_t)most;
      const float rest = most - (float)rounded;
      rounded += (rest >= 0.5f) ? 1 : ((rest <= -0.5f) ? -1 : 0);
      y[i] = (${TYPES[dtype]})((x[i] == x[i]) ? ${plus('rounded', zero)} : ${zero});`;
  },
  dequantize: (call) => {
    const { scale, zero } = call.parameters;
    return `y[i] = ${floatText(scale)} * (float)${plus('x[i]', -zero)};`;
  },
};

/** `int16_t NAME(int32_t x, int32_t multiplier, int32_t shift, const uint16_t *table)`: Q0.15, by interpolation; `arm_nn_activation_s16`. */
export function sigmoidFunction(parts: Parts, type: 'sigmoid' | 'tanh'): string {
  const tanh = type === 'tanh';
  const bits = tanh ? 8 : 9;
  const beyond = tanh ? '16776960u' : '33553408u';
  const ends = tanh
    ? '(v >= 0) ? ((q - 8388608u) + 128u) : ((8388608u - q) + 127u)'
    : '(v >= 0) ? (q + 512u) : ((33554432u - q) + 511u)';
  return parts.function(
    `${type}_of`,
    (name) => `
      static int16_t ${name}(int32_t x, int32_t multiplier, int32_t shift, const uint16_t *table) {
        const int32_t half = (shift > 0) ? (int32_t)(1L << (shift - 1)) : 0;
        const int32_t v = ((x * multiplier) + half) >> shift;
        const uint32_t size = (uint32_t)((v > 0) ? v : -v);
        const uint32_t entry = size >> ${bits};
        uint32_t q = ${beyond};
        if (entry < 255u) {
          const uint32_t from = table[entry];
          q = (from << ${bits}) + ((size & ${2 ** bits - 1}u) * (uint32_t)(table[entry + 1u] - from));
        }
        const uint32_t rounded = (${ends}) >> ${tanh ? 8 : 10};
        return (int16_t)(uint16_t)rounded;
      }`,
  );
}
