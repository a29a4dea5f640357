import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, weightsOf } from '../geometry.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { ofEach } from '../rescale.ts';
import { copyFunction, fillFunction } from './copy.ts';
import { type MveForm, mveForm, type ProductKind, storedVectors, VECTOR, vectorsOf } from './rescale.ts';
import { GROUP, groupScales, packGroups, rowsFunction } from './rows.ts';

/** Dense layer, row by row of the input; null where a unit has no exact form. */
export function denseMve(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { x, y, w } = call.operands;
  const [units, depth] = w.shape;
  const { xOffset, wOffset, yOffset, yMin, yMax } = call.parameters;
  const found = ofEach(channelsOf(call), mveForm);
  if (wOffset !== 0 || found.some((f) => f === null)) return null;
  // Fewer than a group: units of zeros fill it up, and only the real ones are copied out.
  const fill = Math.max(0, GROUP - units);
  const none: MveForm = { multiplier: 0, shift: 0, sign: false };
  const forms = [...(found as MveForm[]), ...Array.from({ length: fill }, () => none)];
  const rows = Array.from({ length: units }, (_, c) => weightsOf(call, c));
  const biases = rows.map((row, c) => row.reduce((sum, v) => sum + v * xOffset, biasOf(call, c)) | 0);
  for (let i = 0; i < fill; i++) rows.push(new Array<number>(depth).fill(0));
  const kind: ProductKind = {
    sign: forms.some((f) => f.sign),
    yOffset,
    clamp: yMin === -128 && yMax === 127 ? null : [yMin, yMax],
    nibbles: call.form === 's4',
  };
  const inner = rowsFunction(parts, kind, vectorsOf(depth));
  const copied = depth % VECTOR !== 0;
  const name = denseFunction(parts, inner, { batch: sizeOf(x.shape) / depth, depth, units, nibbles: kind.nibbles }, copied);
  const args: Argument[] = [
    parts.operand(y),
    parts.operand(x),
    parts.table(`${tag}_weights`, 'int8_t', packGroups(rows, kind.nibbles)),
    parts.table(`${tag}_scales`, 'int32_t', groupScales([...biases, ...new Array<number>(fill).fill(0)], forms)),
    ...(copied ? ['scratch' as const] : []),
  ];
  return { calls: [{ function: name, arguments: args }], scratchBytes: copied ? vectorsOf(depth) * VECTOR : 0, notes: [] };
}

interface Sizes {
  readonly batch: number;
  readonly depth: number;
  readonly units: number;
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

function denseFunction(parts: Parts, rows: string, { batch, depth, units, nibbles }: Sizes, copied: boolean): string {
  const vectors = vectorsOf(depth);
  const stored = storedVectors(vectors, nibbles);
  const groups = Math.floor(units / GROUP);
  const at = groups * GROUP;
  const x = copied ? 'copied' : 'x';
  const overlap = `${rows}(&y[${units - GROUP}], ${x}, &weights[${at * stored * VECTOR}], &scales[${at * 3}], 1);`;
  const few = `int8_t four[4];
          ${rows}(four, ${x}, weights, scales, 1);
          (void)memcpy(y, four, ${units});`;
  const whole = `${rows}(y, ${x}, weights, scales, ${groups});
          ${units % GROUP ? overlap : ''}`;
  return parts.function(
    'dense',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales${copied ? ', uint32_t *scratch' : ''}) {
        ${
          copied
            ? `int8_t *copied = (int8_t *)scratch;
        ${fillFunction(parts)}(copied, 0, ${vectors * VECTOR});`
            : ''
        }
        for (int32_t row = 0; row < ${batch}; row++) {
          ${copied ? `${copyFunction(parts)}(copied, x, ${depth});` : ''}
          ${units < GROUP ? few : whole}
          y += ${units};
          x += ${depth};
        }
      }
      `,
  );
}
