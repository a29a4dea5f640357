import { batchNormF32, batchNormGradF32 } from '../wasm/batch_norm_f32.ts';
import { channelsSecond, lastAxis, unsupported } from './onnx_cells.ts';
import { defineOp } from './op.ts';

export interface BatchNorm {
  readonly epsilon: number;
}

/** How much of a running average one training step leaves. */
const KEEP = 0.9;

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta. x [.., c], gamma, beta, mean, variance [c]. */
export const batchNorm = defineOp<BatchNorm>({
  operands: 5,
  infer: ([x]) => [[...x!]],
  float: {
    forward(heap, { x: [x, gamma, beta, mean, variance], y: [y], attrs: { epsilon }, training, saved }) {
      const of = { gamma: gamma!, beta: beta!, mean: mean!, variance: variance! };
      return batchNormF32(heap, y, x!, of, saved[0], { epsilon, keep: training ? KEEP : null });
    },
    backward: (heap, { x: [x, gamma], dy: [dy], dx: [dx, dgamma, dbeta], fresh: [fresh], saved, training }) =>
      batchNormGradF32(heap, dy, { x: x!, gamma: gamma!, saved: saved[0] }, { dx, dgamma, dbeta, fresh }, training),
    clears: [0],
    saves: ([, gamma]) => [[2, gamma![0]]],
  },
  lower: null, // folded into the layer before it when a graph is quantized
  layer: null,
  trainable: [1, 2],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: null,
  channels: (_, [x]) => ({
    kind: 'keep',
    along: [
      [0, x!.length - 1],
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ],
  }),
  work: null, // folded into the layer before it
  tflite: null, // folded when a graph is exported
  axes: (a, from, rank) => (from.at(-1) === rank - 1 ? a : null),
  onnx: {
    types: ['BatchNormalization'],
    read(from) {
      const { attributes } = from;
      attributes.float('momentum', 0.9);
      if (!attributes.int('spatial', 1)) throw unsupported('a batch normalization of each value', 'normalize by channel');
      if (attributes.int('training_mode', 0) || from.outputCount > 1)
        throw unsupported('a batch normalization in training mode', 'export the model after model.eval()');
      for (const place of [1, 2, 3, 4]) from.values(place);
      lastAxis(from, 1);
      return { attrs: { epsilon: attributes.float('epsilon', 1e-5) }, inputs: from.inputs };
    },
    write: ({ attrs, inputs, shape }) => ({
      type: 'BatchNormalization',
      attributes: { epsilon: { float: attrs.epsilon } },
      inputs,
      order: channelsSecond(shape(0).length),
    }),
  },
});
