import type { Pair, Sides } from '../../../ops/index.ts';
import { activated } from '../activations.ts';
import type { Config } from '../config.ts';
import { type Call, hasBias, type Layer } from '../layer.ts';

/** Convolutions; those of one dimension have a height of 1. */

const biased = (config: Config, ...roles: string[]): string[] => (hasBias(config) ? [...roles, 'bias'] : roles);

interface Filters {
  readonly op: string;
  readonly weights: number;
  readonly kernel: Pair;
  readonly attrs: object;
  readonly bias: boolean;
}

function padding(call: Call, kernel: Pair, dilation: Pair): 'same' | 'valid' | Sides {
  const stated = call.text('padding', 'valid').toLowerCase();
  if (stated === 'same' || stated === 'valid') return stated;
  if (stated === 'causal') return { top: 0, bottom: 0, left: (kernel[1] - 1) * dilation[1], right: 0 };
  throw call.refuse(`has the padding "${stated}"`, 'use same, valid or causal');
}

function convolve(call: Call, x: number, { op, weights, kernel, attrs, bias }: Filters): number {
  const dilation = call.pair('dilation_rate', [1, 1]);
  const window = { stride: call.pair('strides', [1, 1]), dilation, padding: padding(call, kernel, dilation), activation: 'none' };
  const b = bias ? [call.weight('bias', [])] : [];
  return call.emit(op, [x, weights, ...b], { ...window, ...attrs });
}

/** [kh, kw, ..] or [k, ..] of the weights of a role. */
const kernelOf = (call: Call, role: string): Pair => {
  const { shape } = call.weights(role);
  return shape.length === 3 ? [1, shape[0]] : [shape[0], shape[1]];
};

const ends = (call: Call, y: number): number => activated(call, y, call.config.activation);

const conv: Layer = {
  roles: (config) => biased(config, 'kernel'),
  build(call) {
    const { x, back } = call.image();
    const kernel = kernelOf(call, 'kernel');
    const weights = call.weight('kernel', kernel[0] === 1 && call.shape().length === 3 ? [2, -1, 0, 1] : [3, 0, 1, 2]);
    const y = convolve(call, x, {
      op: 'conv2d',
      weights,
      kernel,
      attrs: { groups: call.number('groups', 1) },
      bias: hasBias(call.config),
    });
    return back(ends(call, y));
  },
};

/** [kh, kw, c, m] lies in memory as [1, kh, kw, c * m]. */
function depthwiseWeights(call: Call, role: string): { weights: number; multiplier: number; kernel: Pair } {
  const { shape } = call.weights(role);
  const [c, multiplier] = shape.slice(-2);
  const kernel = kernelOf(call, role);
  return { weights: call.weight(role, [], [1, ...kernel, c * multiplier]), multiplier, kernel };
}

const depthwise: Layer = {
  roles: (config) => biased(config, 'depthwise_kernel'),
  build(call) {
    const { x, back } = call.image();
    const { weights, multiplier, kernel } = depthwiseWeights(call, depthwiseRole(call));
    const y = convolve(call, x, { op: 'depthwiseConv2d', weights, kernel, attrs: { multiplier }, bias: hasBias(call.config) });
    return back(ends(call, y));
  },
};

/** Keras 3 calls it `kernel`. */
function depthwiseRole(call: Call): string {
  try {
    call.weights('depthwise_kernel');
    return 'depthwise_kernel';
  } catch {
    return 'kernel';
  }
}

const separable: Layer = {
  roles: (config) => biased(config, 'depthwise_kernel', 'pointwise_kernel'),
  build(call) {
    const { x, back } = call.image();
    const { weights, multiplier, kernel } = depthwiseWeights(call, 'depthwise_kernel');
    const between = convolve(call, x, { op: 'depthwiseConv2d', weights, kernel, attrs: { multiplier }, bias: false });
    const points = call.weight('pointwise_kernel', call.shape().length === 3 ? [2, -1, 0, 1] : [3, 0, 1, 2]);
    const plain = { stride: [1, 1], dilation: [1, 1], padding: 'valid', activation: 'none', groups: 1 };
    const bias = hasBias(call.config) ? [call.weight('bias', [])] : [];
    return back(ends(call, call.emit('conv2d', [between, points, ...bias], plain)));
  },
};

const transposed: Layer = {
  roles: (config) => biased(config, 'kernel'),
  build(call) {
    const { x, back } = call.image();
    const kernel = kernelOf(call, 'kernel');
    const stride = call.pair('strides', [1, 1]);
    if (call.pair('dilation_rate', [1, 1]).some((d) => d !== 1)) throw call.refuse('has a dilation', 'use a dilation_rate of 1');
    if (call.list('output_padding'))
      throw call.refuse('has an output_padding', 'leave it out: the padding "same" doubles the size');
    const stated = call.text('padding', 'valid').toLowerCase() as 'same' | 'valid';
    const [, h, w] = call.shape(x);
    const outputSize = [h, w].map((n, d) =>
      stated === 'same' ? n * stride[d] : n * stride[d] + Math.max(kernel[d] - stride[d], 0),
    );
    const weights = call.weight('kernel', call.shape().length === 3 ? [1, -1, 0, 2] : [2, 0, 1, 3]);
    const bias = hasBias(call.config) ? [call.weight('bias', [])] : [];
    const y = call.emit('transposeConv2d', [x, weights, ...bias], { stride, padding: stated, outputSize, activation: 'none' });
    return back(ends(call, y));
  },
};

export const CONVOLUTIONS: Readonly<Record<string, Layer>> = {
  Conv1D: conv,
  Conv2D: conv,
  Convolution2D: conv,
  DepthwiseConv1D: depthwise,
  DepthwiseConv2D: depthwise,
  SeparableConv1D: separable,
  SeparableConv2D: separable,
  Conv1DTranspose: transposed,
  Conv2DTranspose: transposed,
};
