import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, type Geometry, geometryOf, weightsOf } from '../geometry.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { ofEach } from '../rescale.ts';
import { pairScales } from './matrix.ts';
import { type DspForm, dspForm } from './rescale.ts';
import { columnsFunction, sameColumnsFunction } from './winograd_columns.ts';
import { filterOf, PAIRS, packFilters, STEP_WORDS, winogradFunction } from './winograd_matrix.ts';

/**
 * Convolution with filters of three columns by Winograd's F(2, 3) along rows, in integers: two neighbouring outputs take four products of each
 * input and filter in place of six (winograd_matrix.ts). Sums are twice the layer's own, so nothing is divided. Weights take 8 bytes in place of 3.
 *
 * null where the layer has other filters or no exact rescaling, or where the form would not pay.
 */
export function convolveWinograd(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode | null {
  const g = geometryOf(call);
  if (!isPossible(g) || !pays(g)) return null;
  const forms = ofEach(channelsOf(call), dspForm);
  if (forms.some((f) => f === null)) return null;
  const { xOffset, yMin, yMax } = call.parameters;
  const rows = Array.from({ length: g.outC }, (_, c) => weightsOf(call, c));
  const sums = rows.map((row, c) => (2 * (biasOf(call, c) + xOffset * row.reduce((a, b) => a + b, 0))) | 0);
  const clamp = yMin === -128 && yMax === 127 ? null : ([yMin, yMax] as const);
  const inner = winogradFunction(parts, { sign: forms.some((f) => f!.sign), clamp });
  const order = pairedChannels(g.outC);
  const steps = stepsOf(g);
  const filters = order.map((c) => filterOf(rows[c], g));
  const border = ((-xOffset & 0xff) * 0x01010101) >>> 0;
  const args: Argument[] = [
    parts.operand(call.operands.y),
    parts.operand(call.operands.x),
    parts.table(`${tag}_weights`, 'uint32_t', packFilters(filters, steps)),
    parts.table(
      `${tag}_scales`,
      'int32_t',
      pairScales(
        order.map((c) => sums[c]),
        order.map((c) => forms[c] as DspForm),
      ),
    ),
    parts.table('border', 'uint32_t', new Uint32Array(g.inC / 4).fill(border)),
    'scratch',
  ];
  return {
    calls: [{ function: layerFunction(parts, g, inner, -xOffset), arguments: args }],
    scratchBytes: steps * STEP_WORDS * 4,
    form: 'Winograd F(2, 3)',
    growth: 8 / 3,
    notes: [],
  };
}

/** Words of four inputs that an output sees in one column. */
const stepsOf = (g: Geometry): number => (g.kH * g.inC) / 4;

const pairsOf = (g: Geometry): number => g.outH * Math.ceil(g.outW / 2);

function isPossible(g: Geometry): boolean {
  const { kW, sW, dW, dH, groups, inC, outC, outW } = g;
  if (kW !== 3 || sW !== 1 || dW !== 1 || dH !== 1 || groups > 1 || inC % 4 || outC < 2 || outW < 2) return false;
  // Some row of each window lies in the image.
  return pairsOf(g) >= PAIRS && g.top < g.kH && (g.outH - 1) * g.sH - g.top < g.inH;
}

/** Whether it takes clearly fewer instructions than blocks of three pixels (convolve.ts), by what both were counted to execute for one block. */
function pays(g: Geometry): boolean {
  const steps = stepsOf(g);
  const channels = Math.ceil(g.outC / 2);
  const direct = channels * (55.5 * steps + 53) + 3 * (17.25 * steps + 67);
  const winograd = channels * (66 * steps + 182) + PAIRS * (26 * steps + 115);
  return Math.ceil(pairsOf(g) / PAIRS) * winograd < WORTH * Math.ceil((g.outH * g.outW) / 3) * direct;
}

/** Weights that grow so much are to save some time. */
const WORTH = 0.9;

/** Channels two by two; the last of an odd number comes again with the one before it. */
const pairedChannels = (channels: number): number[] => {
  const all = Array.from({ length: channels - (channels % 2) }, (_, c) => c);
  return channels % 2 ? [...all, channels - 2, channels - 1] : all;
};

function layerFunction(parts: Parts, g: Geometry, inner: string, zero: number): string {
  const gather = gatherFunction(parts, g, zero);
  const steps = stepsOf(g);
  const pairs = pairsOf(g);
  const perRow = Math.ceil(g.outW / 2);
  const whole = Math.floor(g.outC / 2);
  const column = `2 * (pair % ${perRow})`;
  const last = `
            for (int32_t p = 0; p < ${PAIRS}; p++) {
              out[p] = &out[p][${g.outC - 2}];
            }
            ${inner}(out, block, &weights[${whole * steps * 16}], &scales[${whole * 8}], 1, ${steps}, ${g.outC});`;
  return parts.function(
    'winograd',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, const uint32_t *border, uint32_t *block) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t done = 0; done < ${pairs}; done += ${PAIRS}) {
            const int32_t first = (done < ${pairs - PAIRS}) ? done : ${pairs - PAIRS};
            int8_t *out[${PAIRS}];
            for (int32_t p = 0; p < ${PAIRS}; p++) {
              const int32_t pair = first + p;
              const int32_t oy = pair / ${perRow};
              const int32_t ox = ${g.outW % 2 ? `((${column}) < ${g.outW - 2}) ? (${column}) : ${g.outW - 2}` : column};
              ${gather}(&block[2 * p], &x[image * ${g.inH * g.inW * g.inC}], border, oy, ox);
              out[p] = &y[((((image * ${g.outH}) + oy) * ${g.outW}) + ox) * ${g.outC}];
            }
            ${inner}(out, block, weights, scales, ${whole}, ${steps}, ${g.outC});${g.outC % 2 ? last : ''}
          }
        }
      }
      `,
  );
}

/** `void NAME(uint32_t *to, const int8_t *x, const uint32_t *border, int32_t oy, int32_t ox)`: what the outputs at `ox` and `ox + 1` see. */
function gatherFunction(parts: Parts, g: Geometry, zero: number): string {
  const columns = columnsFunction(parts);
  const same = sameColumnsFunction(parts, zero);
  const words = g.inC / 4;
  return parts.function(
    'winograd_gather',
    (name) =>
      `
      static void ${name}(uint32_t *to, const int8_t *x, const uint32_t *border, int32_t oy, int32_t ox) {
        const int8_t *from[4];
        int32_t rest[4];
        const int32_t iy = (oy * ${g.sH}) - ${g.top};
        const int32_t before = (iy < 0) ? -iy : 0;
        const int32_t end = ((iy + ${g.kH}) > ${g.inH}) ? (${g.inH} - iy) : ${g.kH};
        for (int32_t k = 0; k < 4; k++) {
          const int32_t ix = ox - ${g.left} + k;
          if ((ix >= 0) && (ix < ${g.inW})) {
            from[k] = &x[(((iy + before) * ${g.inW}) + ix) * ${g.inC}];
            rest[k] = ${(g.inW - 1) * g.inC};
          } else {
            from[k] = (const int8_t *)border;
            rest[k] = ${-g.inC};
          }
        }
        ${same}(to, before * ${words});
        ${columns}(&to[before * ${words * STEP_WORDS}], from, rest, end - before, ${words});
        ${same}(&to[end * ${words * STEP_WORDS}], (${g.kH} - end) * ${words});
      }
      `,
  );
}
