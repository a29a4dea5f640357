import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { type Units, unitsOfLayer } from './units.ts';

/** Dense layer: all units row by row; where many units read them, a row's inputs are made ready once. */
export function denseThumb(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { x, y, w } = call.operands;
  const [units, depth] = w.shape;
  if (call.parameters.wOffset !== 0 || depth % 4) return null;
  const product = unitsOfLayer(call, parts, tag);
  if (!product) return null;
  const batch = sizeOf(x.shape) / depth;
  const expanded = units >= MANY_UNITS && 4 * depth <= LARGEST_SCRATCH;
  const name = denseFunction(parts, product, { batch, depth, units }, expanded);
  const args: Argument[] = [
    parts.operand(y),
    parts.operand(x),
    product.weights,
    product.scales,
    ...(expanded ? ['scratch' as const] : []),
  ];
  return { calls: [{ function: name, arguments: args }], scratchBytes: expanded ? 4 * depth : 0, notes: [] };
}

const MANY_UNITS = 16;
const LARGEST_SCRATCH = 1280;

interface Sizes {
  readonly batch: number;
  readonly depth: number;
  readonly units: number;
}

function denseFunction(parts: Parts, product: Units, { batch, depth, units }: Sizes, expanded: boolean): string {
  const expand = expanded ? `${(product.nibbles ? widenFunction : expandFunction)(parts)}(pairs, x, ${depth});` : '';
  const text = product.text('y', expanded ? 'pairs' : 'x', expanded);
  return parts.function(
    'dense',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales${expanded ? ', uint32_t *pairs' : ''}) {
        for (int32_t row = 0; row < ${batch}; row++) {
          ${expand}
          ${text}
          y += ${units};
          x += ${depth};
        }
      }
      `,
  );
}

/** `void NAME(uint32_t *to, const int8_t *from, int32_t n)`: u and v of each two inputs, as words. */
const expandFunction = (parts: Parts): string =>
  parts.function(
    'expand',
    (name) =>
      `
      static void ${name}(uint32_t *to, const int8_t *from, int32_t n) {
        for (int32_t i = 0; i < n; i += 2) {
          const int32_t low = from[i] + 128;
          to[i] = (uint32_t)-low;
          to[i + 1] = (uint32_t)((from[i + 1] * 256) + low);
        }
      }
      `,
  );

/** `void NAME(uint32_t *to, const int8_t *from, int32_t n)`: inputs as words. */
const widenFunction = (parts: Parts): string =>
  parts.function(
    'widen',
    (name) =>
      `
      static void ${name}(uint32_t *to, const int8_t *from, int32_t n) {
      #pragma GCC unroll 4
        for (int32_t i = 0; i < n; i++) {
          to[i] = (uint32_t)from[i];
        }
      }
      `,
  );
