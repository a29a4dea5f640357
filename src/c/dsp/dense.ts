import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, weightsOf } from '../geometry.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { ofEach } from '../rescale.ts';
import { expandFunction } from './expand.ts';
import { type DspForm, dspForm } from './rescale.ts';
import { GROUP, groupScales, packGroups, rowsFunction } from './rows.ts';
import { packWide, wideFunction, wideScales } from './wide_rows.ts';
import { canPack, firstNibbleSum, firstSum, nibbleWords, packNibbleWords, packWords } from './words.ts';

/** Layers of at most this many weights keep them as 16 bits, which saves unpacking. */
const FEW_WEIGHTS = 1024;

/** Dense layer, row by row of the input; null where a unit has no exact form. */
export function denseDsp(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { x, y, w } = call.operands;
  const [units, depth] = w.shape;
  const { xOffset, wOffset, yMin, yMax } = call.parameters;
  if (wOffset !== 0) return null;
  const rows = Array.from({ length: units }, (_, c) => weightsOf(call, c));
  const forms = ofEach(channelsOf(call), dspForm);
  if (forms.some((f) => f === null)) return null;
  const wide = units < GROUP || (call.form === 's8' && units * depth <= FEW_WEIGHTS);
  const nibbles = call.form === 's4' && !wide;
  const sizes = { batch: sizeOf(x.shape) / depth, depth, units, nibbles };
  const clamp = yMin === -128 && yMax === 127 ? null : ([yMin, yMax] as const);
  const kind = { sign: forms.some((f) => f!.sign), clamp, nibbles };
  const biases = rows.map((_, c) => biasOf(call, c));
  const steps = Math.ceil(depth / 4);
  if (!wide && !nibbles && !rows.every(canPack)) return null;
  const sums = rows.map((row, c) =>
    wide ? biases[c] + xOffset * row.reduce((a, b) => a + b, 0) : (nibbles ? firstNibbleSum : firstSum)(row, biases[c], xOffset),
  );
  const packed = wide ? packWide(rows) : packGroups(rows.map(nibbles ? packNibbleWords : packWords));
  const scales = (wide ? wideScales : groupScales)(sums, forms as DspForm[]);
  const inner = wide ? wideFunction(parts, kind, units) : rowsFunction(parts, kind);
  const args: Argument[] = [
    parts.operand(y),
    parts.operand(x),
    parts.table(`${tag}_weights`, 'uint32_t', packed),
    parts.table(`${tag}_scales`, 'int32_t', scales),
  ];
  if (wide && depth % 4 === 0)
    return { calls: [{ function: wideDense(parts, inner, sizes), arguments: args }], scratchBytes: 0, notes: [] };
  const name = wide ? wideCopied(parts, inner, sizes) : denseFunction(parts, inner, sizes);
  return { calls: [{ function: name, arguments: [...args, 'scratch'] }], scratchBytes: (wide ? 4 : 8) * steps, notes: [] };
}

interface Sizes {
  readonly batch: number;
  readonly depth: number;
  readonly units: number;
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

/** Inputs as pairs of words once, then groups of four units; the last group overlaps the one before it. */
function denseFunction(parts: Parts, rows: string, { batch, depth, units, nibbles }: Sizes): string {
  const expand = expandFunction(parts, 2, nibbles);
  const words = Math.floor(depth / 4);
  const groups = Math.floor(units / GROUP);
  const steps = Math.ceil(depth / 4);
  const rest = units % GROUP;
  const last = `${rows}(&y[${units - GROUP}], pairs, &weights[${groups * GROUP * (nibbles ? nibbleWords(steps) : steps)}], &scales[${groups * GROUP * 4}], 1, ${steps});`;
  const tail = `
          uint32_t end[1] = {0};
          (void)memcpy(end, &x[${4 * words}], ${depth % 4});
          (void)${expand}(&pairs[${2 * words}], (const int8_t *)end, 1);`;
  return parts.function(
    'dense',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, uint32_t *pairs) {
        for (int32_t row = 0; row < ${batch}; row++) {
          (void)${expand}(pairs, x, ${words});${depth % 4 ? tail : ''}
          ${rows}(y, pairs, weights, scales, ${groups}, ${steps});
          ${rest ? last : ''}
          y += ${units};
          x += ${depth};
        }
      }
      `,
  );
}

function wideDense(parts: Parts, rows: string, { batch, depth, units }: Sizes): string {
  return parts.function(
    'dense',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales) {
        for (int32_t row = 0; row < ${batch}; row++) {
          ${rows}(&y[row * ${units}], &x[row * ${depth}], weights, scales, ${depth / 4});
        }
      }
      `,
  );
}

function wideCopied(parts: Parts, rows: string, { batch, depth, units }: Sizes): string {
  const steps = Math.ceil(depth / 4);
  return parts.function(
    'dense',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, uint32_t *copy) {
        copy[${steps - 1}] = 0;
        for (int32_t row = 0; row < ${batch}; row++) {
          (void)memcpy(copy, &x[row * ${depth}], ${depth});
          ${rows}(&y[row * ${units}], (const int8_t *)copy, weights, scales, ${steps});
        }
      }
      `,
  );
}
