/**
 * What a model of sound loses by integer features: its accuracy on the test part with them, and with the same features in float64.
 *
 *     node --import tsx bench/experiments/words_features.ts MODEL FOLDER
 */
import { readFileSync } from 'node:fs';
import { type Dataset, frontEndIn, loadDataset } from '../../src/data/index.ts';
import { evaluate, loadModel } from '../../src/engine.ts';
import { definedFeatures, featuresOf } from '../../src/features/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

const [file, folder] = process.argv.slice(2);
const model = await loadModel(Uint8Array.from(readFileSync(file)));
const { facts, frontEnd, normalization } = frontEndIn(model.graph)!;
const sound = await loadDataset(folder, { window: facts.samples, rate: facts.rate! });
const part = sound.test!;
const heap = await Heap.open();
const size = facts.samples * facts.channels;
const examples = Array.from({ length: part.count }, (_, i) => part.inputs[0].subarray(i * size, (i + 1) * size));
const integers = featuresOf(heap, frontEnd, part.inputs[0] as Float32Array, part.count).values;
const floats = Float32Array.from(examples.flatMap((x) => [...definedFeatures(frontEnd, x)]));
const shape = frontEnd.frames > 1 ? [frontEnd.frames, frontEnd.width * frontEnd.channels] : [frontEnd.width * frontEnd.channels];
for (const [name, x] of Object.entries({ integers, float64: floats })) {
  const data: Dataset = {
    ...sound,
    inputs: [{ name: 'x', shape }],
    normalization,
    test: { inputs: [x], y: part.y, count: part.count },
  };
  const { correct, examples: count } = await evaluate(model, data, 'test');
  console.log(`${name} features: ${correct} of ${count}, ${((100 * correct!) / count).toFixed(2)} %`);
}
const far = integers.reduce((most, v, i) => Math.max(most, Math.abs(v - floats[i])), 0);
console.log(
  `features differ by ${far.toFixed(4)} at most, ${(integers.reduce((sum, v, i) => sum + Math.abs(v - floats[i]), 0) / floats.length).toFixed(5)} in the mean`,
);
