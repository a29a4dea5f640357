import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { nest, stridesOf } from './loops.ts';
import { clampFunction, plus, requantizeFunction } from './rescale.ts';

/** Mean over some axes; the division is in the multiplier. */
export function meanPlain(call: CallOf<'mean', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const { axes, xOffset, yOffset, multiplier, shift, yMin, yMax } = call.parameters;
  const type = TYPES[y.dtype];
  const scaled = `${requantizeFunction(parts)}(value, ${multiplier}, ${shift})`;
  return reduced(parts, 'mean', x, y, axes, {
    first: (count) => String(count * xOffset),
    each: (element) => `value += ${element};`,
    last: (to) => `${to} = (${type})${clampFunction(parts)}(${plus(scaled, yOffset)}, ${yMin}, ${yMax});`,
  });
}

/** The largest or smallest over some axes. */
export function reduceExtremumPlain(call: CallOf<'reduce_extremum', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const { axes, largest } = call.parameters;
  return reduced(parts, 'extremum', x, y, axes, {
    first: () => 'first[0]',
    each: (element) => `value = (${element} ${largest ? '>' : '<'} value) ? ${element} : value;`,
    last: (to) => `${to} = (${TYPES[y.dtype]})value;`,
  });
}

interface Reduction {
  /** `value` before the first of `count` elements, the first of which is `first[0]`. */
  first(count: number): string;
  each(element: string): string;
  last(to: string): string;
}

/** Loops over what stays, and in them over what is reduced to `value`. */
function reduced(parts: Parts, base: string, x: Placed, y: Placed, axes: readonly number[], how: Reduction): LayerCode {
  const type = TYPES[y.dtype];
  const strides = stridesOf(x.shape);
  const all = x.shape.map((_, i) => i);
  const kept = all.filter((i) => !axes.includes(i));
  const gone = all.filter((i) => axes.includes(i));
  const dims = (list: readonly number[]) => list.map((i) => x.shape[i]);
  const inner = nest(dims(gone), [{ strides: gone.map((i) => strides[i]) }], ([at]) => how.each(`first[${at}]`));
  const outer = nest(
    dims(kept),
    [{ strides: stridesOf(dims(kept)) }, { strides: kept.map((i) => strides[i]) }],
    ([to, from]) => `
      const ${type} *first = &x[${from}];
      int32_t value = ${how.first(sizeOf(dims(gone)))};
      ${inner.replace(/\bi(\d)/g, 'k$1')}
      ${how.last(`y[${to}]`)}`,
  );
  const name = parts.function(
    base,
    (n) => `
      static void ${n}(${type} *y, const ${type} *x) {
        ${outer}
      }`,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x)] }], scratchBytes: 0, notes: [] };
}
