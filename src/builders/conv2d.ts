import { asPicture, type BuilderKind, channelsOf, depthOf } from './body.ts';

/** Convolutions of 3 x 3, each after the first halving height and width, and a mean. */
export const conv2d: BuilderKind = {
  about: 'convolutions of 3 x 3, [height, width, channels]; for small pictures',
  dimensions: [2, 3],
  reads: asPicture,
  features(net, input, options) {
    let x = input;
    for (let i = 0; i < depthOf(3, options); i++) {
      const stride = i === 0 ? ([1, 1] as const) : ([2, 2] as const);
      x = net.conv2d(x, channelsOf(16 * Math.min(4, 2 ** i), options), {
        kernel: [3, 3],
        stride,
        norm: true,
        activation: 'relu',
      });
    }
    return net.globalMean(x);
  },
};
