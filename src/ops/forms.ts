import { CompressError } from '../errors.ts';
import type { DType } from '../graph/graph.ts';
import { allOf } from '../wasm/check.ts';
import type { Families, Family, LayerForm, MoveForm, Operand, PlainForm } from './kernel_call.ts';

/** Forms of kernels by the types of their operands. `what` names the operator where no kernel takes them. */

type Typed = Pick<Operand, 'dtype'>;

/** @throws CompressError `unsupported` unless all are int8, or all int16 */
export function plainForm(what: string, ...activations: readonly Typed[]): PlainForm {
  allOf(['i8', 'i16'], what, ...activations);
  return activations[0].dtype === 'i16' ? 's16' : 's8';
}

/** @throws CompressError `unsupported` unless x and y are int8, or both int16 */
export function layerForm(what: string, x: Typed, w: Typed, y: Typed): LayerForm {
  const form = plainForm(what, x, y);
  return form === 's8' && w.dtype === 'i4' ? 's4' : form;
}

/** Real numbers are moved as the four bytes they are. */
const MOVED: Partial<Record<DType, MoveForm>> = { i8: 's8', u8: 'u8', i16: 's16', i32: 's32', i64: 's64', f32: 's32' };

/** @throws CompressError `unsupported` unless all are of one type of whole bytes */
export function moveForm(what: string, ...operands: readonly Typed[]): MoveForm {
  allOf(Object.keys(MOVED) as DType[], what, ...operands);
  return MOVED[operands[0].dtype]!;
}

const REQUANTIZED: Readonly<Record<string, Form<'requantize'>>> = {
  i8_i8: 's8_s8',
  i8_i16: 's8_s16',
  i16_i8: 's16_s8',
  i16_i16: 's16_s16',
  i8_i32: 's8_s32',
  i16_i32: 's16_s32',
  i32_i8: 's32_s8',
  i32_i16: 's32_s16',
  u8_i8: 'u8_s8',
  i8_u8: 's8_u8',
};
const QUANTIZED: Readonly<Record<string, Form<'quantize'>>> = { f32_i8: 'f32_s8', f32_u8: 'f32_u8', f32_i16: 'f32_s16' };
const DEQUANTIZED: Readonly<Record<string, Form<'dequantize'>>> = { i8_f32: 's8_f32', u8_f32: 'u8_f32', i16_f32: 's16_f32' };

type Form<F extends Family> = Families<Operand>[F]['form'];

const between =
  <F extends string>(forms: Readonly<Record<string, F>>) =>
  (x: Typed, y: Typed): F => {
    const form = forms[`${x.dtype}_${y.dtype}`];
    if (form) return form;
    throw new CompressError(
      'unsupported',
      `there is no conversion from ${x.dtype} to ${y.dtype}`,
      'use int8 or int16 activations',
    );
  };

/** From integers to integers. @throws CompressError `unsupported` for a pair of types without a kernel */
export const requantizeForm = between(REQUANTIZED);
/** From real numbers to integers. @throws CompressError `unsupported` for a pair of types without a kernel */
export const quantizeForm = between(QUANTIZED);
/** From integers to real numbers. @throws CompressError `unsupported` for a pair of types without a kernel */
export const dequantizeForm = between(DEQUANTIZED);
