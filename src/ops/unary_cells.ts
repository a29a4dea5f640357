import { allOf } from '../wasm/check.ts';
import { type FunctionKind, functionF32, functionGradF32 } from '../wasm/elementwise_f32.ts';
import { nothing } from './float_cells.ts';
import { kernelCall, type Operand } from './kernel_call.ts';
import type { NoAttrs, OpRow } from './op.ts';
import { roundAway } from './quantize_multiplier.ts';
import { perTensor } from './requant.ts';
import { keepChannels } from './shapes.ts';

/** What rows of functions of one value share: float kernels, and int8 by a table of all results. */

const f = Math.fround;

/** The 256 results of `of`. Source: TFLite kernels/internal/common.h, LUTPopulate<int8_t>, in float32. */
export function tableOf(x: Operand, y: Operand, of: (real: number) => number): number[] {
  const [from, to] = [perTensor(x), perTensor(y)];
  const inverse = f(1 / to.scale);
  return Array.from({ length: 256 }, (_, i) => {
    const real = f(of(f(from.scale * (i - 128 - from.zero))));
    const stored = roundAway(f(real * inverse)) + to.zero;
    return Math.max(-128, Math.min(127, stored));
  });
}

/**
 * @param kind of the float kernels, by the attributes
 * @param of the function for the integer form, null: TFLite has none
 */
export const functionCells = <A = NoAttrs>(
  what: string,
  kind: (attrs: A) => FunctionKind,
  of: ((real: number, attrs: A) => number) | null,
) =>
  ({
    operands: 1,
    infer: ([x]) => [[...x!]],
    float: {
      forward: (heap, { x: [x], y: [y], attrs }) => functionF32(heap, kind(attrs), y, x!),
      backward: (heap, { x: [x], dy: [dy], dx: [dx], attrs }) => (dx ? functionGradF32(heap, kind(attrs), dy, x!, dx) : nothing),
      saves: null,
    },
    lower: of
      ? ({ x: [x], y: [y], attrs }) => {
          allOf(['i8'], what, x!, y);
          return kernelCall('lookup', 's8', { x: x!, y }, { table: tableOf(x!, y, (real) => of(real, attrs)) });
        }
      : null,
    layer: null,
    trainable: [],
    memory: 'fresh',
    outputRange: 'measured',
    fuses: null,
    channels: (_, x) => keepChannels(x),
    axes: 'each',
  }) satisfies Partial<OpRow<A>>;
