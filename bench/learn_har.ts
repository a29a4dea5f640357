/** A 1-D network on uci-har-part: at least 91 % on its test part, other persons than those it learned from. */
import { loadDataset } from '../src/data/index.ts';
import { buildNetwork } from '../src/run/build.ts';
import { learn, SEED, sharedData } from './learning.ts';

// g and rad/s brought to one size: mean and standard deviation of each channel of the train part, rounded
const data = await loadDataset(sharedData('uci-har-part'), {
  split: [0.8, 0, 0.2],
  mean: [0, 0, 0, 0, 0, 0, 0.8, 0, 0.1],
  std: [0.2, 0.12, 0.11, 0.4, 0.4, 0.25, 0.4, 0.4, 0.35],
});
const net = buildNetwork('har', [128, 1, 9], SEED);
let x = net.input;
for (const [channels, length] of [
  [24, 7],
  [32, 5],
  [48, 5],
  [48, 3],
]) {
  x = net.conv2d(x, channels, { kernel: [length, 1], stride: [2, 1], norm: true, activation: 'relu' });
}
const graph = net.finish(net.softmax(net.dense(net.dropout(net.globalMean(x), 0.3), 6)));
await learn({
  name: '1-D network on uci-har-part',
  graph,
  goal: 0.91,
  stages: [
    {
      data,
      options: {
        epochs: 20,
        batch: 64,
        optimizer: 'adamw',
        learningRate: 0.003,
        weightDecay: 0.01,
        schedule: 'one-cycle',
        warmup: 0,
        labelSmoothing: 0.1,
        augment: { shift: 16, scale: 0.2, jitter: 0.05 },
      },
    },
  ],
});
