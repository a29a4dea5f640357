import type { Dataset } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/gestures.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { buildNetwork } from '../../src/run/build.ts';
import type { Context, Model } from '../../src/stage.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { finetune } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

export const heap = await Heap.open();
export const data: Dataset = gestures();

/** With batch normalization as it was trained, a folded layer, and dropout. */
export function network(): Graph {
  const net = buildNetwork('small', [128, 1, 3], 3);
  let x = net.conv2d(net.input, 8, { kernel: [7, 1], stride: [2, 1], norm: true, activation: 'relu' });
  x = net.depthwiseConv2d(x, { kernel: [5, 1], stride: [2, 1], norm: true, activation: 'relu6' });
  x = net.conv2d(x, 16, { kernel: [5, 1], stride: [2, 1], activation: 'relu' });
  return net.finish(net.softmax(net.dense(net.dropout(net.globalMean(x), 0.1), 6)));
}

/** All of its constants are what training itself changes: nothing is put back and folded. */
export function normedNetwork(): Graph {
  const net = buildNetwork('normed', [128, 1, 3], 4);
  const x = net.conv2d(net.input, 8, { kernel: [7, 1], stride: [4, 1], norm: true, activation: 'relu' });
  return net.finish(net.dense(net.globalMean(x), 6));
}

export function autoencoder(): Graph {
  const net = buildNetwork('auto', [128, 1, 3], 1);
  const x = net.conv2d(net.input, 16, { kernel: [5, 1], activation: 'relu' });
  return net.finish(net.conv2d(x, 3, { kernel: [5, 1] }));
}

/** An autoencoder, for any labels. */
export const autoencoding = recognizeTask(autoencoder(), data, { task: 'reconstruction' });

export const contextOf = (model: Model, over: Partial<Context> = {}): Context => {
  return { heap, data, seed: 5, original: model, ...over };
};

export type Options = NonNullable<Parameters<typeof finetune>[0]>;

export async function trained(options: Options, graph = network(), over: Partial<Context> = {}): Promise<Graph> {
  const model = { graph, facts: {} };
  return (await finetune(options).run(model, contextOf(model, over))).graph;
}

export const constants = (graph: Graph): number[] => graph.tensors.flatMap((t) => (t.data ? [...(t.data as Float32Array)] : []));
