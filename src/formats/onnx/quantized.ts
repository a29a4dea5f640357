import type { DType, Quantization, Tensor, Values } from '../../graph/graph.ts';
import type { Draft } from '../draft.ts';
import { type Attributes, unsupported } from './decode.ts';
import type { NodeProto } from './generated/onnx_pb.ts';

/** QuantizeLinear and DequantizeLinear: records beside float tensors, `quantize` nodes where integers begin, constants with their integers. */

const BITS: Partial<Record<DType, Quantization['bits']>> = { i4: 4, i8: 8, u8: 8, i16: 16, i32: 32 };

interface Place {
  readonly name: string;
  readonly where: string;
  readonly inputs: readonly number[];
}

const byChannel = ({ where }: Place) =>
  unsupported(`${where} quantizes activations by channel`, 'use one scale for each activation');

const numbers = (t: Tensor): number[] => Array.from(t.data as ArrayLike<number | bigint>, Number);

/** Scale and zero point of a node; uint8 is read as int8 with a zero point less 128. */
function quantOf({ tensors }: Draft, { inputs, where }: Place, attributes: Attributes, dtype: DType, rank: number): Quantization {
  if (attributes.int('block_size', 0))
    throw unsupported(`${where} quantizes in blocks`, 'quantize with one scale for each tensor or channel');
  attributes.int('saturate', 1);
  attributes.int('output_dtype', 0);
  attributes.int('precision', 0);
  const bits = BITS[dtype];
  const [scale, zero] = [tensors[inputs[1]], inputs[2] >= 0 ? tensors[inputs[2]] : null];
  if (!scale?.data || (zero && !zero.data))
    throw unsupported(`${where} has a scale that is computed`, 'quantize the model statically');
  if (!bits) throw unsupported(`${where} makes integers that are not known`, 'quantize to int8 or uint8');
  const scales = numbers(scale);
  const shift = dtype === 'u8' ? -128 : 0;
  const zeros = zero ? numbers(zero).map((z) => z + shift) : scales.map(() => shift);
  const axis = attributes.int('axis', 1);
  return { bits, scales, zeros, axis: scales.length > 1 ? (axis < 0 ? axis + rank : axis) : null };
}

/** The type that a QuantizeLinear makes: that of its zero point, uint8 without one. */
const madeType = ({ tensors }: Draft, { inputs }: Place, attributes: Attributes): DType => {
  const stated = attributes.int('output_dtype', 0);
  return inputs[2] >= 0 ? tensors[inputs[2]].dtype : (({ 3: 'i8', 5: 'i16' } as const)[stated as 3] ?? 'u8');
};

/** Reads the two operators. A tensor of integers is the float tensor that it means, with its record. */
export class Quantized {
  constructor(readonly draft: Draft) {}

  read({ opType }: NodeProto, place: Place, attributes: Attributes): number {
    return opType === 'QuantizeLinear' ? this.#quantize(place, attributes) : this.#dequantize(place, attributes);
  }

  #quantize(place: Place, attributes: Attributes): number {
    const { draft } = this;
    const [x] = place.inputs;
    const quant = quantOf(draft, place, attributes, madeType(draft, place, attributes), draft.tensors[x].shape.length);
    if (quant.axis !== null) throw byChannel(place);
    const [y] = draft.emit('quantize', [x], {}, place.name);
    draft.tensors[y] = { ...draft.tensors[y], quant };
    return y;
  }

  #dequantize(place: Place, attributes: Attributes): number {
    const { draft } = this;
    const [x] = place.inputs;
    const tensor = draft.tensors[x];
    const zero = place.inputs[2] >= 0 ? draft.tensors[place.inputs[2]] : null;
    const dtype = tensor.quant && !tensor.data ? (zero?.dtype ?? 'i8') : tensor.dtype;
    const quant = quantOf(draft, place, attributes, dtype, tensor.shape.length);
    if (tensor.data) return draft.add(constant(tensor, quant));
    if (quant.axis !== null) throw byChannel(place);
    if (!tensor.quant) return this.#given(x, quant);
    // without a zero point it is 0 of int8 or of uint8
    const zeros = zero ? quant.zeros : [0, -128];
    if (tensor.quant.scales[0] === quant.scales[0] && zeros.includes(tensor.quant.zeros[0])) return x;
    throw unsupported(
      `${place.where} takes integers for another scale or zero point than they were made with`,
      'quantize the model again',
    );
  }

  /** An input of integers: the floats that they mean. uint8 is converted behind it. */
  #given(x: number, quant: Quantization): number {
    const { draft } = this;
    const tensor = draft.tensors[x];
    if (tensor.dtype !== 'u8') {
      draft.tensors[x] = { ...tensor, dtype: 'f32', quant };
      return x;
    }
    draft.tensors[x] = { ...tensor, quant: unsigned(quant) };
    const y = draft.add({ ...tensor, name: `${tensor.name}/int8`, dtype: 'f32', quant });
    draft.nodes.push({ name: `${tensor.name}/int8`, op: 'quantize', inputs: [x], outputs: [y], attrs: {} });
    return y;
  }

  /** An output as the file has it: integers, or the floats that a DequantizeLinear makes of them. @param by the operator that makes it */
  output(t: number, name: string, by: NodeProto | undefined): number {
    const { draft } = this;
    const tensor = draft.tensors[t];
    if (!tensor.quant || tensor.data) return t;
    if (by?.opType === 'QuantizeLinear') {
      const type = by.input[2] ? draft.tensors[draft.find(by.input[2])!].dtype : 'u8';
      if (type !== 'u8') return t;
      return this.#converted('quantize', t, { ...tensor, name, dtype: 'u8', quant: unsigned(tensor.quant) });
    }
    return this.#converted('dequantize', t, { ...tensor, name, quant: null });
  }

  #converted(op: string, from: number, to: Tensor): number {
    const y = this.draft.add(to);
    this.draft.nodes.push({ name: to.name, op, inputs: [from], outputs: [y], attrs: {} });
    return y;
  }
}

const unsigned = (quant: Quantization): Quantization => ({ ...quant, zeros: quant.zeros.map((z) => z + 128) });

/** A constant with its integers; uint8 as int8. */
function constant(tensor: Tensor, quant: Quantization): Tensor {
  if (tensor.dtype !== 'u8') return { ...tensor, quant };
  const data: Values = Int8Array.from(tensor.data as Uint8Array, (v) => v - 128);
  return { ...tensor, dtype: 'i8', data, quant };
}
