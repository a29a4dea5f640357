import { asSignal, type BuilderKind, channelsOf, depthOf } from './body.ts';

/** Convolutions along time, each halving it, and a mean. */
export const conv1d: BuilderKind = {
  about: 'convolutions along time, [time, channels]; for signals of sensors',
  dimensions: [1, 2],
  reads: asSignal,
  features(net, input, options) {
    let x = input;
    for (let i = 0; i < depthOf(3, options); i++) {
      const channels = channelsOf(16 * Math.min(4, 2 ** i), options);
      x = net.conv2d(x, channels, { kernel: [i === 0 ? 5 : 3, 1], stride: [2, 1], norm: true, activation: 'relu' });
    }
    return net.globalMean(x);
  },
};
