import type { Builder, Value } from '../run/build.ts';
import { asPicture, type BuilderKind, channelsOf, depthOf } from './body.ts';

/** Residual blocks of two convolutions. Source: the ResNet8 of MLPerf Tiny (Banbury et al., 2021). */
export const resnet: BuilderKind = {
  about: 'residual blocks of 3 x 3 convolutions (ResNet8); for pictures',
  dimensions: [2, 3],
  reads: asPicture,
  features(net, input, options) {
    let x = net.conv2d(input, channelsOf(16, options), { kernel: [3, 3], norm: true, activation: 'relu' });
    for (let i = 0; i < depthOf(3, options); i++) {
      x = block(net, x, channelsOf(16 * Math.min(4, 2 ** i), options), i === 0 ? 1 : 2);
    }
    return net.globalMean(x);
  },
};

function block(net: Builder, x: Value, channels: number, stride: number): Value {
  const first = net.conv2d(x, channels, { kernel: [3, 3], stride: [stride, stride], norm: true, activation: 'relu' });
  const second = net.conv2d(first, channels, { kernel: [3, 3], norm: true });
  const same = stride === 1 && x.shape.at(-1) === channels;
  const past = same ? x : net.conv2d(x, channels, { kernel: [1, 1], stride: [stride, stride] });
  return net.add(second, past, { activation: 'relu' });
}
