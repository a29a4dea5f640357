import * as v from 'valibot';
import { gestures } from '../../../src/demo/gestures.ts';
import { sha256 } from '../../../src/digest.ts';
import { distill } from '../../../src/distill/index.ts';
import { exportTflite } from '../../../src/formats/tflite/export.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { runPipeline } from '../../../src/pipeline.ts';
import { prune } from '../../../src/prune/index.ts';
import { quantize, toInteger } from '../../../src/quant/index.ts';
import { buildNetwork } from '../../../src/run/build.ts';
import type { Context, Model } from '../../../src/stage.ts';
import { finetune, finetuneSchema } from '../../../src/train/index.ts';
import { train } from '../../../src/train/trainer.ts';
import { Heap } from '../../../src/wasm/heap.ts';
import type { PageResult } from '../page.ts';

const OPTIONS = v.parse(finetuneSchema, {
  epochs: 0.7,
  batch: 32,
  optimizer: 'adam',
  learningRate: 0.002,
  momentum: 0.9,
  weightDecay: 0,
  schedule: 'cosine',
  warmup: 0.1,
  labelSmoothing: 0.05,
  clip: 5,
});

/** Fifty steps of training on the demo data give the same weights, and a pipeline the same `.tflite`, byte for byte. */
export default async function training(): Promise<PageResult> {
  const heap = await Heap.open();
  const model: Model = { graph: network(true), facts: {} };
  const context: Context = { heap, data: gestures(1), seed: 1, original: model };
  const adam = await train(model, context, OPTIONS, 'finetune');
  const sgd = await train({ ...model, graph: adam.graph }, context, { ...OPTIONS, epochs: 0.3, optimizer: 'sgd' }, 'distill', {
    graphs: [model.graph],
    hints: [],
    hintLoss: 'mse',
    temperature: 3,
    weight: 0.5,
  });
  const hints = [{ student: 'relu_1' }, { student: 'conv2d_3', weight: 0.5 }];
  const learning = { epochs: 0.4, width: 0.5, ema: 0.9, patience: 1, hints, hintLoss: 'cosine' } as const;
  const hinted = await distill({ teacher: 'both', ...learning }).run(model, {
    ...context,
    original: { ...model, graph: adam.graph },
  });
  const stages = [
    prune({ ratio: 0.25 }),
    finetune({ epochs: 0.3 }),
    quantize({ examples: 64 }),
    distill({ epochs: 0.2, qat: 'learned' }),
  ];
  const compressed = await runPipeline({ graph: network(false), facts: {} }, stages, context);
  const aware = [quantize({ examples: 64 }), finetune({ epochs: 0.2, qat: 'fixed' })];
  const fixed = await runPipeline({ graph: network(false), facts: {} }, aware, context);
  const learned = adam.losses.every((l) => Number.isFinite(l));
  return {
    passed: learned ? 1 : 0,
    failures: learned ? [] : [`the losses are ${adam.losses.join(', ')}`],
    digests: {
      'weights after Adam': await weights(adam.graph),
      'weights after distillation by SGD': await weights(sgd.graph),
      'weights after distillation by hints, averaged': await weights(hinted.graph),
      'the .tflite of a pipeline, quantization-aware with learned scales': await sha256(
        exportTflite(toInteger(compressed.graph)),
      ),
      'the .tflite of quantization-aware training with fixed scales': await sha256(exportTflite(toInteger(fixed.graph))),
    },
  };
}

const weights = (graph: Graph): Promise<string> => sha256(...graph.tensors.flatMap((t) => t.data ?? []));

/** Every kind of layer that trains. */
function network(norm: boolean): Graph {
  const b = buildNetwork('browser training', [128, 1, 3], 1);
  const stem = b.conv2d(b.input, 12, { kernel: [9, 1], stride: [4, 1], norm, activation: 'relu' });
  const deep = b.depthwiseConv2d(stem, { kernel: [5, 1], norm, activation: 'relu6' });
  const mixed = b.conv2d(deep, 12, { kernel: [1, 1], activation: 'relu' });
  const pooled = b.maxPool2d(b.add(stem, mixed, { activation: 'relu' }), [2, 1]);
  const flat = b.globalMean(b.conv2d(pooled, 24, { kernel: [3, 1], activation: 'relu' }));
  return b.finish(b.softmax(b.dense(b.dropout(flat, 0.1), 6)));
}
