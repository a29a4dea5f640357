import type { Geometry } from '../geometry.ts';
import { assemblyText, type Parts } from '../parts.ts';
import { ASSEMBLY, VECTOR } from './rescale.ts';

/**
 * Windows of a row of outputs without im2col: the rows of the image that they cover are copied column by column, so that each window is
 * one piece and neighbouring windows overlap. Weights are in the same order: column, row, channel.
 */
export interface Strip {
  /** Outputs of one strip. */
  readonly outputs: number;
  /** Columns of the image it covers, and their bytes. */
  readonly columns: number;
  readonly bytes: number;
}

/** Scratch that is always granted; beyond it a strip takes at most twice CMSIS-NN's im2col. */
const GRANTED = 1280;

/** The strip of a convolution, or null where rows of outputs are too short or channels come in no whole vectors. */
export function stripOf(g: Geometry, pixels: number): Strip | null {
  const plain = g.kW > 1 && g.dH === 1 && g.dW === 1 && g.kH * g.inC < 4096;
  const columnsFit = g.inC % VECTOR === 0 || (g.inC >= 3 && g.inC < VECTOR && g.kH * g.inC < 128);
  if (!plain || !columnsFit || g.outW < pixels || (g.outW % pixels && g.outW < 12)) return null;
  const limit = Math.max(GRANTED, 8 * g.kH * g.kW * g.inC);
  const columns = (outputs: number) => (outputs - 1) * g.sW + g.kW;
  let outputs = g.outW;
  while (outputs > pixels && columns(outputs) * g.kH * g.inC > limit) outputs = Math.ceil(outputs / 2 / pixels) * pixels;
  return { outputs, columns: columns(outputs), bytes: columns(outputs) * g.kH * g.inC };
}

/** Window positions in the order of a strip. */
export const stripOrder = (g: Geometry, row: readonly number[]): number[] =>
  row.map((_, i) => {
    const [c, ky, kx] = [i % g.inC, Math.floor(i / g.inC) % g.kH, Math.floor(i / g.inC / g.kH)];
    return row[(ky * g.kW + kx) * g.inC + c];
  });

/** `void NAME(int8_t *strip, const int8_t *x, int32_t oy, int32_t ox)`: the strip of the outputs from (oy, ox) on. */
export function stripFunction(parts: Parts, g: Geometry, strip: Strip, zero: number): string {
  const copy = columnsFunction(parts, g);
  const clear = zerosFunction(parts, g, zero);
  const overH = (g.outH - 1) * g.sH - g.top + g.kH > g.inH;
  const overW = (g.outW - 1) * g.sW - g.left + g.kW > g.inW;
  const rowInside = g.top || overH ? `(iy >= 0) && (iy < ${g.inH})` : '';
  const before = g.left ? '(ix < 0) ? -ix : 0' : '0';
  const end = overW ? `((ix + ${strip.columns}) > ${g.inW}) ? (${g.inW} - ix) : ${strip.columns}` : `${strip.columns}`;
  const column = g.kH * g.inC;
  return parts.function(
    'fill_strip',
    (name) =>
      `
      static void ${name}(int8_t *strip, const int8_t *x, int32_t oy, int32_t ox) {
        const int32_t ix = (ox * ${g.sW}) - ${g.left};
        const int32_t before = ${before};
        const int32_t end = ${end};
        for (int32_t ky = 0; ky < ${g.kH}; ky++) {
          const int32_t iy = (oy * ${g.sH}) - ${g.top} + ky;
          int8_t *to = &strip[ky * ${g.inC}];
          ${rowInside ? `if (${rowInside}) {` : '{'}
            ${
              g.left
                ? `if (before > 0) {
              ${clear}(to, before);
            }`
                : ''
            }
            ${copy}(&to[before * ${column}], &x[((iy * ${g.inW}) + ix + before) * ${g.inC}], end - before);
            ${
              overW
                ? `if (end < ${strip.columns}) {
              ${clear}(&to[end * ${column}], ${strip.columns} - end);
            }`
                : ''
            }
          }${
            rowInside
              ? ` else {
            ${clear}(to, ${strip.columns});
          }`
              : ''
          }
        }
      }
      `,
  );
}

/** Copies `n` pixels of the image to every `kH`-th place: one vector or registers of the FPU. */
function columnsFunction(parts: Parts, g: Geometry): string {
  const column = g.kH * g.inC;
  return parts.function(
    'copy_columns',
    (name) =>
      `
      static void ${name}(int8_t *to, const int8_t *from, int32_t columns) {
      #if ${ASSEMBLY}
        __asm volatile(
            ${assemblyText([...start(g), 'dls lr, %[columns]', '1:', ...pixel(g, true), 'le lr, 1b'])}
            : [to] "+r"(to), [from] "+r"(from)
            : [columns] "r"(columns), [bytes] "r"(${g.inC})
            : "q0", "q1", "q2", "q3", "lr", "cc", "memory");
      #else
        for (int32_t i = 0; i < columns; i++) {
          (void)memcpy(&to[i * ${column}], &from[i * ${g.inC}], ${g.inC});
        }
      #endif
      }
      `,
  );
}

function zerosFunction(parts: Parts, g: Geometry, zero: number): string {
  const column = g.kH * g.inC;
  const fill = [0, 1, 2, 3].map((q) => `vdup.8 q${q}, %[zero]`).slice(0, Math.min(4, Math.ceil(g.inC / VECTOR)));
  return parts.function(
    'clear_columns',
    (name) =>
      `
      static void ${name}(int8_t *to, int32_t columns) {
      #if ${ASSEMBLY}
        __asm volatile(
            ${assemblyText([...start(g), ...fill, 'dls lr, %[columns]', '1:', ...pixel(g, false), 'le lr, 1b'])}
            : [to] "+r"(to)
            : [columns] "r"(columns), [bytes] "r"(${g.inC}), [zero] "r"(${zero})
            : "q0", "q1", "q2", "q3", "lr", "cc", "memory");
      #else
        for (int32_t i = 0; i < columns; i++) {
          (void)memset(&to[i * ${column}], ${zero}, ${g.inC});
        }
      #endif
      }
      `,
  );
}

const start = (g: Geometry): string[] => (g.inC < VECTOR ? ['vctp.8 %[bytes]'] : []);

/** One pixel to its place; without `load` the registers hold it. */
function pixel(g: Geometry, load: boolean): string[] {
  const column = g.kH * g.inC;
  if (g.inC < VECTOR) {
    const stored = `vstrbt.8 q0, [%[to]], #${column}`;
    return load ? ['vpstt', `vldrbt.u8 q0, [%[from]], #${g.inC}`, stored] : ['vpst', stored];
  }
  if (g.inC === VECTOR && column < 128) {
    return [...(load ? ['vldrb.u8 q0, [%[from]], #16'] : []), `vstrb.8 q0, [%[to]], #${column}`];
  }
  const listing: string[] = [];
  for (let done = 0; done < g.inC; ) {
    const size = [64, 32, 16].find((n) => n <= g.inC - done)!;
    const registers = `{d0-d${size / 8 - 1}}`;
    listing.push(...(load ? [`vldmia %[from]!, ${registers}`] : []), `vstmia %[to]!, ${registers}`);
    done += size;
  }
  return [...listing, ...(column > g.inC ? [`addw %[to], %[to], #${column - g.inC}`] : [])];
}
