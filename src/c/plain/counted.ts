import { integerRange, sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';

/** Whole numbers that mean themselves. */

/** Place of the largest or smallest along an axis, the first of equals. */
export function argExtremumPlain(call: CallOf<'arg_extremum', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const { axis, largest } = call.parameters;
  const [outer, n, inner] = [sizeOf(x.shape.slice(0, axis)), x.shape[axis], sizeOf(x.shape.slice(axis + 1))];
  const name = parts.function(
    'arg_extremum',
    (f) => `
      static void ${f}(${TYPES[y.dtype]} *y, const ${TYPES[x.dtype]} *x) {
        for (int32_t o = 0; o < ${outer}; o++) {
          for (int32_t k = 0; k < ${inner}; k++) {
            const ${TYPES[x.dtype]} *first = &x[(o * ${n * inner}) + k];
            int32_t place = 0;
            for (int32_t i = 1; i < ${n}; i++) {
              place = (first[i * ${inner}] ${largest ? '>' : '<'} first[place * ${inner}]) ? i : place;
            }
            y[(o * ${inner}) + k] = place;
          }
        }
      }`,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x)] }], scratchBytes: 0, notes: [] };
}

/** The same numbers as another type. */
export function castPlain(call: CallOf<'cast', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const type = TYPES[y.dtype];
  const text = x.dtype === 'f32' && y.dtype !== 'f32' ? saturated(y) : `(${type})x[i]`;
  const name = parts.function(
    'cast',
    (f) => `
      static void ${f}(${type} *y, const ${TYPES[x.dtype]} *x) {
        for (int32_t i = 0; i < ${sizeOf(y.shape)}; i++) {
          y[i] = ${text};
        }
      }`,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x)] }], scratchBytes: 0, notes: [] };
}

/** A real number without what is behind the point, within the type; NaN gives 0. */
function saturated({ dtype }: Placed): string {
  const type = TYPES[dtype];
  if (dtype === 'i64') {
    const inside = '((x[i] > -9223372036854775808.0f) ? (int64_t)x[i] : INT64_MIN)';
    return `(x[i] != x[i]) ? 0 : ((x[i] >= 9223372036854775808.0f) ? 9223372036854774784 : ${inside})`;
  }
  const { min, max } = integerRange(dtype);
  const least = min === -(2 ** 31) ? 'INT32_MIN' : String(min);
  const inside = `((x[i] > ${min}.0f) ? (${type})x[i] : ${least})`;
  return `(x[i] != x[i]) ? 0 : ((x[i] >= ${max + 1}.0f) ? ${max} : ${inside})`;
}
