import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { type CType, type FunctionCall, type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { nest, stridesOf } from './loops.ts';

/** Kernels that only move elements. */

const code = (calls: readonly FunctionCall[]): LayerCode => ({ calls, scratchBytes: 0, notes: [] });

/** `y[at + walked by yStrides] = x[from + walked by xStrides]` over `shape`. */
function move(
  parts: Parts,
  type: CType,
  shape: readonly number[],
  y: { strides: readonly number[]; start: number },
  x: { strides: readonly number[]; start: number },
): string {
  return parts.function(
    'move',
    (name) => `
      static void ${name}(${type} *y, const ${type} *x) {
        ${nest(shape, [y, x], ([to, from]) => `y[${to}] = x[${from}];`)}
      }`,
  );
}

export function concatPlain(call: CallOf<'concatenation', Placed>, parts: Parts): LayerCode {
  const { x: xs, y } = call.operands;
  const { axis } = call.parameters;
  const strides = stridesOf(y.shape);
  let at = 0;
  return code(
    xs.map((x) => {
      const name = move(
        parts,
        TYPES[y.dtype],
        x.shape,
        { strides, start: at * strides[axis] },
        { strides: stridesOf(x.shape), start: 0 },
      );
      at += x.shape[axis];
      return { function: name, arguments: [parts.operand(y), parts.operand(x)] };
    }),
  );
}

export function splitPlain(call: CallOf<'split', Placed>, parts: Parts): LayerCode {
  const { x, y: ys } = call.operands;
  const { axis } = call.parameters;
  const strides = stridesOf(x.shape);
  let at = 0;
  return code(
    ys.map((y) => {
      const name = move(
        parts,
        TYPES[x.dtype],
        y.shape,
        { strides: stridesOf(y.shape), start: 0 },
        { strides, start: at * strides[axis] },
      );
      at += y.shape[axis];
      return { function: name, arguments: [parts.operand(y), parts.operand(x)] };
    }),
  );
}

export function padPlain(call: CallOf<'pad', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const { paddings, value } = call.parameters;
  const strides = stridesOf(y.shape);
  const start = paddings.reduce((n, [before], axis) => n + before * strides[axis], 0);
  const type = TYPES[y.dtype];
  const fill = parts.function(
    'fill',
    (name) => `
      static void ${name}(${type} *y) {
        for (int32_t i = 0; i < ${sizeOf(y.shape)}; i++) {
          y[i] = ${value};
        }
      }`,
  );
  const inner = move(parts, type, x.shape, { strides, start }, { strides: stridesOf(x.shape), start: 0 });
  return code([
    { function: fill, arguments: [parts.operand(y)] },
    { function: inner, arguments: [parts.operand(y), parts.operand(x)] },
  ]);
}

export function transposePlain(call: CallOf<'transpose', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const strides = stridesOf(x.shape);
  const from = { strides: call.parameters.perm.map((axis) => strides[axis]), start: 0 };
  const name = move(parts, TYPES[y.dtype], y.shape, { strides: stridesOf(y.shape), start: 0 }, from);
  return code([{ function: name, arguments: [parts.operand(y), parts.operand(x)] }]);
}

export function slicePlain(call: CallOf<'strided_slice', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const { begin, strides: steps, counts } = call.parameters;
  const strides = stridesOf(x.shape);
  const start = begin.reduce((n, b, axis) => n + b * strides[axis], 0);
  const from = { strides: steps.map((s, axis) => s * strides[axis]), start };
  const name = move(parts, TYPES[y.dtype], counts, { strides: stridesOf(counts), start: 0 }, from);
  return code([{ function: name, arguments: [parts.operand(y), parts.operand(x)] }]);
}

export function copyPlain(call: CallOf<'copy', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const flat = { strides: [1], start: 0 };
  const name = move(parts, TYPES[y.dtype], [sizeOf(y.shape)], flat, flat);
  return code([{ function: name, arguments: [parts.operand(y), parts.operand(x)] }]);
}

export function resizeNearestPlain(call: CallOf<'resize_nearest', Placed>, parts: Parts, tag: string): LayerCode {
  const { x, y } = call.operands;
  const [images, inH, inW, c] = x.shape;
  const { rows, columns } = call.parameters;
  const type = TYPES[y.dtype];
  const name = parts.function(
    'resize_nearest',
    (n) => `
      static void ${n}(${type} *y, const ${type} *x, const int16_t *rows, const int16_t *columns) {
        for (int32_t image = 0; image < ${images}; image++) {
          for (int32_t oy = 0; oy < ${rows.length}; oy++) {
            for (int32_t ox = 0; ox < ${columns.length}; ox++) {
              for (int32_t k = 0; k < ${c}; k++) {
                *y = x[(((((image * ${inH}) + rows[oy]) * ${inW}) + columns[ox]) * ${c}) + k];
                y++;
              }
            }
          }
        }
      }`,
  );
  const tables = [parts.table(`${tag}_rows`, 'int16_t', rows), parts.table(`${tag}_columns`, 'int16_t', columns)];
  return code([{ function: name, arguments: [parts.operand(y), parts.operand(x), ...tables] }]);
}

/** y is x behind what is kept; then the last places of y are kept. */
export function streamPlain(call: CallOf<'stream', Placed>, parts: Parts): LayerCode {
  const { x, state, y } = call.operands;
  const { axis } = call.parameters;
  const type = TYPES[y.dtype];
  const strides = stridesOf(y.shape);
  const kept = state.shape[axis];
  const at = (places: number) => ({ strides, start: places * strides[axis] });
  const own = (o: Placed) => ({ strides: stridesOf(o.shape), start: 0 });
  const keep = move(parts, type, state.shape, own(state), at(y.shape[axis] - kept));
  return code([
    { function: move(parts, type, state.shape, at(0), own(state)), arguments: [parts.operand(y), parts.operand(state)] },
    { function: move(parts, type, x.shape, at(kept), own(x)), arguments: [parts.operand(y), parts.operand(x)] },
    { function: keep, arguments: [parts.operand(state), parts.operand(y)] },
  ]);
}

/** y = x[places[0], places[1], ...], each axis by a list of its own or whole. */
export function takePlain(call: CallOf<'take', Placed>, parts: Parts, tag: string): LayerCode {
  const { x, y } = call.operands;
  const { places } = call.parameters;
  const type = TYPES[y.dtype];
  const strides = stridesOf(x.shape);
  const counts = places.map((list, axis) => list?.length ?? x.shape[axis]);
  const lists = places.flatMap((list) => list ?? []);
  let first = 0;
  const from = places.map((list, axis) => {
    if (!list) return `(i${axis} * ${strides[axis]})`;
    const term = `(places[${first} + i${axis}] * ${strides[axis]})`;
    first += list.length;
    return term;
  });
  const open = counts.map((n, i) => `for (int32_t i${i} = 0; i${i} < ${n}; i${i}++) {`);
  const name = parts.function(
    'take',
    (n) => `
      static void ${n}(${type} *y, const ${type} *x${lists.length ? ', const int32_t *places' : ''}) {
        ${open.join('\n')}
        *y = x[${from.join(' + ')}];
        y++;
        ${counts.map(() => '}').join('\n')}
      }`,
  );
  const table = lists.length ? [parts.table(`${tag}_places`, 'int32_t', lists)] : [];
  return code([{ function: name, arguments: [parts.operand(y), parts.operand(x), ...table] }]);
}
