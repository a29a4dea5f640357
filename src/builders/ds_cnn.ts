import { asPicture, type BuilderKind, channelsOf, depthOf } from './body.ts';

/** A convolution and depthwise separable blocks. Source: Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers" (2017), DS-CNN small. */
export const dsCnn: BuilderKind = {
  about: 'depthwise separable convolutions (DS-CNN); for keywords in spectrograms, and pictures',
  dimensions: [2, 3],
  reads: asPicture,
  features(net, input, options) {
    const channels = channelsOf(64, options);
    const [, h, w] = input.shape;
    // A spectrogram is long: 10 frames by 4 bands, as the paper has it.
    const kernel = h > 2 * w ? ([Math.min(10, h), Math.min(4, w)] as const) : ([3, 3] as const);
    let x = net.conv2d(input, channels, { kernel, stride: [2, 2], norm: true, activation: 'relu' });
    for (let i = 0; i < depthOf(4, options); i++) {
      x = net.depthwiseConv2d(x, { kernel: [3, 3], norm: true, activation: 'relu' });
      x = net.conv2d(x, channels, { kernel: [1, 1], norm: true, activation: 'relu' });
    }
    return net.globalMean(x);
  },
};
