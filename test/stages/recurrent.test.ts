/** LSTM and GRU through every stage, to int8 and to C. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { evaluateGraph } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { loadModel } from '../../src/index.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { createRandom } from '../../src/random.ts';
import { findProblem } from '../../src/run/verify.ts';
import { finetune } from '../../src/train/index.ts';
import { npz } from '../data/sources.ts';
import { chipOf, hasTools } from '../emulator/tools.ts';
import { contextOf, heap } from '../train/networks.ts';

/** Sequences [10, 6] in 5 classes: one feature rises with time. */
function sequences(count: number, seed: number) {
  const random = createRandom(seed, 'test/recurrent');
  const y = Uint8Array.from({ length: count }, () => random.below(5));
  const x = Float32Array.from({ length: count * 60 }, (_, i) => {
    const [example, time, feature] = [Math.floor(i / 60), Math.floor(i / 6) % 10, i % 6];
    return random.uniform() - 0.5 + (feature === y[example] ? time / 5 : 0);
  });
  return npz({ x: [x, [count, 10, 6]], y: [y, [count]] });
}

const data = await loadDataset({
  'train.npz': sequences(300, 1),
  'validation.npz': sequences(60, 2),
  'test.npz': sequences(200, 3),
});

for (const name of ['lstm', 'gru']) {
  const bytes = readFileSync(new URL(`../fixtures/onnx/${name}.onnx`, import.meta.url));
  test(`${name}: trained, pruned, distilled and quantized it still answers, and C gives the same bits`, async () => {
    const model = await loadModel(bytes);
    const context = contextOf(model, { data });
    const trained = await runPipeline(model, [finetune({ epochs: 12, batch: 16, learningRate: 0.02 })], context);
    const before = (await evaluateGraph(trained.graph, data)).accuracy!;
    assert.ok(before > 0.8, `trained to ${before}`);
    const stages = [prune({ ratio: 0.3 }), distill({ epochs: 1, batch: 32 }), quantize({ examples: 100 })];
    const warnings: string[] = [];
    const { graph } = await runPipeline(trained, stages, { ...context, original: trained, warn: (line) => warnings.push(line) });
    assert.match(
      warnings.join('\n'),
      /prune cuts no channels of the recurrent layer with weights ".+": its \d+ steps share them/,
    );
    assert.is(findProblem(graph), null);
    const integer = toInteger(graph);
    const dense = integer.nodes.filter((n) => n.op === 'fullyConnected');
    // the input's, the steps' and the answer's: all steps share weights, bias and multipliers
    assert.is(new Set(dense.map((n) => `${n.inputs[1]} ${n.inputs[2]} ${integer.tensors[n.outputs[0]].quant!.scales}`)).size, 3);
    const after = (await evaluateGraph(integer, data)).accuracy!;
    assert.ok(after > before - 0.1, `${before} before, ${after} in int8`);
    const read = importTflite(exportTflite(integer));
    assert.is((await evaluateGraph(read, data)).accuracy, after);
    if (!hasTools) return;
    const { difference } = await verifyGraph(heap, integer, chipOf('cortex-m4'), { inputs: 3 });
    assert.is(difference, null);
  });
}

test.run();
