import { type BuilderKind, channelsOf, depthOf } from './body.ts';

/** Layers of 64, 32, 16 ... units. */
export const dense: BuilderKind = {
  about: 'dense layers of 64, 32 ... units; for features, or any small input as one vector',
  dimensions: [1, 2, 3],
  reads: (shape) => [shape.reduce((a, b) => a * b, 1)],
  features(net, input, options) {
    let x = input;
    for (let i = 0; i < depthOf(2, options); i++) {
      x = net.dense(x, Math.max(4, channelsOf(64 / 2 ** i, options)), { activation: 'relu' });
    }
    return x;
  },
};
