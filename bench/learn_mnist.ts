/** A network of DS-CNN's kind and size on MNIST: at least 99.3 % on its test part. */
import { loadDataset } from '../src/data/index.ts';
import { buildNetwork } from '../src/run/build.ts';
import { learn, SEED, sharedData } from './learning.ts';

const data = await loadDataset(sharedData('mnist'), { split: [0.8, 0, 0.2], scale: 1 / 255 });
const net = buildNetwork('ds_cnn_mnist', [28, 28, 1], SEED);
let x = net.conv2d(net.input, 32, { kernel: [5, 5], stride: [2, 2], norm: true, activation: 'relu' });
for (const [channels, stride] of [
  [64, 1],
  [64, 2],
  [64, 1],
  [96, 1],
]) {
  x = net.depthwiseConv2d(x, { kernel: [3, 3], stride: [stride, stride], norm: true, activation: 'relu' });
  x = net.conv2d(x, channels, { kernel: [1, 1], norm: true, activation: 'relu' });
}
const graph = net.finish(net.softmax(net.dense(net.dropout(net.globalMean(x), 0.1), 10)));
await learn({
  name: 'DS-CNN on MNIST',
  graph,
  goal: 0.993,
  stages: [
    {
      data,
      options: {
        epochs: 6,
        batch: 64,
        optimizer: 'adamw',
        learningRate: 0.006,
        weightDecay: 0.01,
        schedule: 'one-cycle',
        warmup: 0,
        augment: { shift: 2 },
      },
    },
  ],
});
