import { CompressError } from '../errors.ts';
import { type Activation, showShape, sizeOf } from '../graph/graph.ts';
import { fullyConnectedF32, fullyConnectedGradF32 } from '../wasm/fully_connected_f32.ts';
import { layerForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { int64s, unsupported } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import type { OnnxNode, OnnxRead } from './op_onnx.ts';
import { denseMultipliers, layerParams, perTensor } from './requant.ts';
import { last, mismatch } from './shapes.ts';
import { biasType, present } from './tflite_cells.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';
import { products } from './work.ts';

export interface FullyConnected {
  readonly activation: Activation;
  /** Leading dimensions stay as they are; else the input is read as [n, depth]. */
  readonly keepDims?: boolean;
}

/** Gemm: y = alpha * x * w + beta * c; MatMul by constant weights. */
function readDense(from: OnnxRead): OnnxNode<FullyConnected> | null {
  if (!from.isConstant(1) || from.shape(1).length !== 2) return null;
  const isGemm = from.type === 'Gemm';
  const [alpha, beta] = isGemm ? [from.attributes.float('alpha', 1), from.attributes.float('beta', 1)] : [1, 1];
  const isTurned = isGemm && from.attributes.int('transB', 0) === 1;
  if (isGemm && from.attributes.int('transA', 0)) throw unsupported('a Gemm with transA', 'put a Transpose before it');
  const [units, depth] = isTurned ? from.shape(1) : [...from.shape(1)].reverse();
  if (last(from.shape(0)) !== depth)
    throw mismatch(`${last(from.shape(0))} features for weights that read ${depth}`, 'correct the weights');
  const turned = from.constantIn(1, isTurned ? [0, 1] : [1, 0]);
  const weights = alpha === 1 ? turned : from.times(turned, alpha);
  if (!from.isThere(2))
    return { attrs: { activation: 'none', keepDims: from.shape(0).length > 2 }, inputs: [from.inputs[0], weights] };
  const c = from.values(2).map((v) => v * beta);
  if (c.length !== units && c.length !== 1)
    throw unsupported('a Gemm that adds other numbers to each example', 'use a bias of one number for each unit');
  const bias = from.constant('bias', [units], c.length === 1 ? new Array<number>(units).fill(c[0]) : c);
  return { attrs: { activation: 'none', keepDims: false }, inputs: [from.inputs[0], weights, bias] };
}

/** x [.., depth], w [units, depth], bias [units]. */
export const fullyConnected = defineOp<FullyConnected>({
  operands: 2,
  infer([x, w], a) {
    const [units, depth] = w!;
    if (a.keepDims ? last(x!) !== depth : sizeOf(x!) % depth) {
      throw mismatch(
        `input ${showShape(x!)} does not fit weights ${showShape(w!)}, which read ${depth} features`,
        'prune both sides of this layer together, or correct the weights',
      );
    }
    return [a.keepDims ? [...x!.slice(0, -1), units] : [sizeOf(x!) / depth, units]];
  },
  float: {
    forward: (heap, { x: [x, w, bias], y: [y], attrs, training }) =>
      fullyConnectedF32(heap, y, x!, w!, bias, { activation: attrs.activation, constant: !training && w!.data !== null }),
    backward: (heap, { x: [x, w], y: [y], dy: [dy], dx: [dx, dw, dbias], fresh: [fresh], attrs }) =>
      fullyConnectedGradF32(
        heap,
        dy,
        { x: x!, w: w!, y },
        { dx, dw, dbias: dbias ?? null, fresh },
        { activation: attrs.activation },
      ),
    clears: [0],
    saves: null,
  },
  lower: ({ x: [x, w, bias = null], y: [y], attrs }) =>
    kernelCall(
      'fully_connected',
      layerForm('a dense layer', x!, w!, y),
      { x: x!, w: w!, bias, y },
      {
        ...layerParams({ x: x!, bias, y }, denseMultipliers(x!, w!, y), attrs.activation),
        wOffset: -perTensor(w!).zero,
      },
    ),
  layer: { weights: 1, bias: 2, axis: 0, perChannel: false },
  trainable: [1, 2],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: { activation: true, norm: true },
  channels: ({ keepDims }, [x, w]) =>
    last(x!) === w![1]
      ? {
          kind: 'mix',
          in: [[1, 1]],
          out: [
            [1, 0],
            [2, 0],
          ],
          linear: 'inside',
          reads: 'row',
        }
      : { kind: 'fixed', ...(!keepDims && sizeOf(x!) === x![0] * w![1] && { flattens: w![1] }) },
  work: ([, w], [y]) => products(sizeOf(y) * w![1]),
  tflite: {
    codes: [9],
    read({ options, inputs }) {
      if (options.weights_format) {
        throw new CompressError(
          'unsupported',
          'weights in shuffled order are not supported',
          'convert the model with default weights',
        );
      }
      const activation = readActivation(options.fused_activation_function);
      return { attrs: { activation, keepDims: Boolean(options.keep_num_dims) }, inputs };
    },
    write: ({ attrs, inputs, dtype }) => ({
      code: 9,
      options: {
        fused_activation_function: writeActivation(attrs.activation),
        keep_num_dims: Boolean(attrs.keepDims),
        quantized_bias_type: biasType(dtype),
      },
      inputs: present(inputs),
    }),
  },
  // it reads the last axis, or all
  axes: (attrs, from, rank) => (attrs.keepDims && from.at(-1) === rank - 1 ? attrs : null),
  onnx: {
    types: ['Gemm', 'MatMul'],
    read: readDense,
    write({ attrs, inputs: [x, w, ...bias], shape }) {
      if (attrs.keepDims && shape(0).length > 2) {
        const product = { type: 'MatMul', inputs: [x, { of: w, in: [1, 0] }] };
        return bias.some((b) => b >= 0) ? { type: 'Add', inputs: [product, ...bias] } : product;
      }
      const flat = shape(0).length === 2 ? x : { type: 'Reshape', inputs: [x, int64s('shape', [-1, shape(1)[1]])] };
      return { type: 'Gemm', attributes: { transB: { int: 1 } }, inputs: [flat, w, ...bias] };
    },
  },
});
