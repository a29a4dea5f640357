import { sizeOf, type Values } from '../../graph/graph.ts';
import { type Argument, type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';

/** What calls of CMSIS-NN share: its structures as text of C, and functions that fill them and call. */

/** A function of the library as it is called for a layer. */
export interface LibraryCall {
  /** Of the generated function. */
  readonly name: string;
  /** Types and names of its parameters, and what they are given. */
  readonly given: readonly (readonly [parameter: string, argument: Argument])[];
  /** Structures that the call and the question for scratch read. */
  readonly structures: readonly string[];
  /** Statements: the call. */
  readonly body: string;
  /** Bytes planned for `scratch`. */
  readonly scratchBytes?: number;
  /** What the library itself says it needs, as an expression of C; by default nothing. */
  readonly asks?: string;
}

/** Scratch is the last parameter where there is some. */
export function libraryCall(parts: Parts, call: LibraryCall): LayerCode {
  const { scratchBytes = 0, asks, structures } = call;
  const given = scratchBytes ? [...call.given, ['void *scratch', 'scratch'] as const] : call.given;
  const name = parts.function(
    call.name,
    (n) => `
      static void ${n}(${given.map(([parameter]) => parameter).join(', ')}) {
        ${structures.join('\n')}
        ${call.body}
      }`,
  );
  const asking =
    asks &&
    parts.function(
      `${call.name}_asks`,
      (n) => `
      /* Bytes of scratch that the library wants for ${name}. */
      static int32_t ${n}(void) {
        ${structures.filter((s) => !s.includes('scratch') && new RegExp(`\\b${declared(s)}\\b`).test(asks)).join('\n')}
        return ${asks};
      }`,
    );
  return {
    calls: [{ function: name, arguments: given.map(([, argument]) => argument) }],
    scratchBytes,
    notes: [],
    ...(asking ? { asks: asking } : {}),
  };
}

/** Output and input as the first parameters. */
export const outAndIn = (parts: Parts, { x, y }: { readonly x: Placed; readonly y: Placed }): LibraryCall['given'] => [
  [`${TYPES[y.dtype]} *y`, parts.operand(y)],
  [`const ${TYPES[x.dtype]} *x`, parts.operand(x)],
];

/** The name that a declaration gives. */
const declared = (text: string): string => /(\w+) = /.exec(text)![1];

export const dims = (name: string, [n, h, w, c]: readonly number[]): string =>
  `const cmsis_nn_dims ${name} = {.n = ${n}, .h = ${h}, .w = ${w}, .c = ${c}};`;

/** Heights come first, as everywhere but in the library. */
export const tile = ([h, w]: readonly [number, number]): string => `{.w = ${w}, .h = ${h}}`;

export const clampOf = ({ yMin, yMax }: { readonly yMin: number; readonly yMax: number }): string =>
  `{.min = ${yMin}, .max = ${yMax}}`;

export const contextOf = (name: string, bytes: number, from = 0): string =>
  bytes
    ? `const cmsis_nn_context ${name} = {.buf = ${from ? `&((int8_t *)scratch)[${from}]` : 'scratch'}, .size = ${bytes}};`
    : `const cmsis_nn_context ${name} = {.buf = NULL, .size = 0};`;

/** Multipliers and shifts, one for each of `channels`. The library takes them by pointers that are not to constants, and only reads. */
export const perChannel = (type: string): string =>
  `const ${type} quantization = {.multiplier = (int32_t *)multipliers, .shift = (int32_t *)shifts${
    type === 'cmsis_nn_quant_params' ? ', .is_per_channel = 1' : ''
  }};`;

export function perChannelTables(
  parts: Parts,
  tag: string,
  { multiplier, shift }: { readonly multiplier: ArrayLike<number>; readonly shift: ArrayLike<number> },
  channels: number,
): (readonly [string, Argument])[] {
  const each = (values: ArrayLike<number>) =>
    Int32Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c]);
  return [
    ['const int32_t *multipliers', parts.table(`${tag}_multipliers`, 'int32_t', each(multiplier))],
    ['const int32_t *shifts', parts.table(`${tag}_shifts`, 'int32_t', each(shift))],
  ];
}

/** The bias, or zeros where there is none. */
export const biasTable = (parts: Parts, tag: string, bias: Placed | null, units: number): Argument =>
  parts.table(`${tag}_bias`, 'int32_t', (bias?.data as Values | undefined) ?? new Int32Array(units));

/** A shape of four dimensions; missing ones in front are 1. */
export const fourOf = (shape: readonly number[]): readonly number[] =>
  shape.length <= 4 ? [...new Array<number>(4 - shape.length).fill(1), ...shape] : [1, 1, 1, sizeOf(shape)];
