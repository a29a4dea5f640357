import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildNetwork } from '../../src/run/build.ts';
import { findProblem } from '../../src/run/verify.ts';

test('every layer fits the next', () => {
  const net = buildNetwork('small', [8, 6, 3], 1);
  let x = net.conv2d(net.input, 4, { kernel: [3, 3], stride: [2, 1], norm: true, activation: 'relu' });
  x = net.depthwiseConv2d(x, { kernel: [3, 1], activation: 'relu6' });
  x = net.add(x, net.conv2d(x, 4, { kernel: [1, 1] }), { activation: 'relu' });
  x = net.maxPool2d(x, [2, 2]);
  x = net.softmax(net.dense(net.dropout(net.globalMean(x), 0.1), 5));
  const graph = net.finish(x);
  assert.is(findProblem(graph), null);
  assert.equal(graph.tensors[graph.outputs[0]].shape, [1, 5]);
});

test('weights depend on seed and name, and have the variance 2 / inputs', () => {
  const weights = (name: string, seed: number) => {
    const net = buildNetwork(name, [100], seed);
    return net.finish(net.dense(net.input, 50)).tensors[1].data as Float32Array;
  };
  assert.equal(weights('a', 1), weights('a', 1));
  assert.not.equal(weights('a', 1), weights('a', 2));
  assert.not.equal(weights('a', 1), weights('b', 1));
  const w = weights('a', 1);
  assert.ok(Math.abs(w.reduce((s, v) => s + v * v, 0) / w.length - 0.02) < 0.001);
});

test.run();
