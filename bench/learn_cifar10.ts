/**
 * ResNet8 (MLPerf Tiny) on the given part of CIFAR-10, JPEG pictures included: at least 75 % on exact test pixels.
 */
import { loadDataset } from '../src/data/index.ts';
import { buildNetwork, type Value } from '../src/run/build.ts';
import { learn, SEED, sharedData } from './learning.ts';

const whole = { whole: true };
const exact = (await loadDataset(sharedData('cifar10/train.npz'), whole)).test!;
const jpeg = (await loadDataset(sharedData('cifar10/jpeg75_train.npz'), whole)).test!;
const test = (await loadDataset(sharedData('cifar10/test.npz'), whole)).test!;
const x = new Uint8Array(exact.inputs[0].length + jpeg.inputs[0].length);
x.set(exact.inputs[0]);
x.set(jpeg.inputs[0], exact.inputs[0].length);
const judged = { x: test.inputs[0], y: test.y, shape: [test.count, 32, 32, 3] };
const given = { split: [0.8, 0, 0.2], scale: 1 / 255, mean: [0.47], std: [0.25] } as const;
const both = { x, y: [...exact.y!, ...jpeg.y!], shape: [exact.count + jpeg.count, 32, 32, 3] };
const all = await loadDataset({ train: both, test: judged }, given);
const sharp = await loadDataset(
  { train: { x: exact.inputs[0], y: exact.y, shape: [exact.count, 32, 32, 3] }, test: judged },
  given,
);

const net = buildNetwork('resnet8', [32, 32, 3], SEED);

function block(from: Value, channels: number, stride: number): Value {
  const inner = net.conv2d(from, channels, { kernel: [3, 3], stride: [stride, stride], norm: true, activation: 'relu' });
  const outer = net.conv2d(inner, channels, { kernel: [3, 3], norm: true });
  const shortcut = stride === 1 ? from : net.conv2d(from, channels, { kernel: [1, 1], stride: [stride, stride] });
  return net.add(shortcut, outer, { activation: 'relu' });
}

const stem = net.conv2d(net.input, 16, { kernel: [3, 3], norm: true, activation: 'relu' });
const features = block(block(block(stem, 16, 1), 32, 2), 64, 2);
const options = { batch: 64, optimizer: 'adamw', weightDecay: 0.01, warmup: 0, labelSmoothing: 0.1 } as const;
await learn({
  name: 'ResNet8 on CIFAR-10 (8,068 exact and 11,932 JPEG pictures, then the exact ones)',
  graph: net.finish(net.softmax(net.dense(net.globalMean(features), 10))),
  goal: 0.75,
  stages: [
    {
      data: all,
      options: { ...options, epochs: 20, learningRate: 0.006, schedule: 'one-cycle', augment: { flip: true, shift: 2 } },
    },
    {
      data: sharp,
      options: { ...options, epochs: 8, learningRate: 0.001, schedule: 'cosine', augment: { flip: true, shift: 2 } },
    },
  ],
});
