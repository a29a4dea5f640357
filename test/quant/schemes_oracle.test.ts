/** Each scheme's integers in genuine TensorFlow Lite. Skipped where the oracle is not installed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/index.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { compile } from '../../src/run/compile.ts';
import { openOracle, oracleFolder } from '../formats/tflite_oracle.ts';
import { skipped } from '../skipped.ts';
import { contextOf, heap } from '../train/networks.ts';

type Options = NonNullable<Parameters<typeof quantize>[0]>;
const SCHEMES: Readonly<Record<string, Options>> = {
  'asymmetric, scales by channel': {},
  'symmetric activations': { activationScheme: 'symmetric' },
  'the scheme chosen by tensor': { activationScheme: 'auto' },
  'one scale for the weights of a layer': { weightScheme: 'tensor' },
  'learned rounding': { rounding: 'learned' },
  'activations of 16 bits': { activationBits: 16 },
};
const CALLS = 6;

/** Layers alone: behind others a rounding half would be carried on. */
const LAYERS: Readonly<Record<string, (wide: boolean) => Graph>> = {
  conv2d() {
    const net = buildNetwork('conv', [16, 8, 3], 1);
    return net.finish(net.conv2d(net.input, 8, { kernel: [3, 3], activation: 'relu' }));
  },
  depthwiseConv2d() {
    const net = buildNetwork('depthwise', [16, 8, 3], 2);
    return net.finish(net.depthwiseConv2d(net.input, { kernel: [3, 3], stride: [2, 1] }));
  },
  fullyConnected() {
    const net = buildNetwork('dense', [16, 8, 3], 3);
    return net.finish(net.dense(net.input, 20));
  },
  add(wide) {
    const net = buildNetwork('add', [16, 8, 3], 4);
    return net.finish(net.add(net.input, net.activate(net.input, wide ? 'relu' : 'reluN1')));
  },
};

/** Pictures of noise. */
function noise(): Dataset {
  const random = createRandom(2, 'test/noise');
  const count = 64;
  const x = Float32Array.from({ length: count * 384 }, () => 3 * random.uniform() - 1);
  const part = { inputs: [x], y: null, count };
  return {
    ...{ name: 'noise', inputs: [{ name: 'input', shape: [16, 8, 3] }], classes: 0, train: part, validation: null, test: null },
    ...{ normalization: { scale: 1, mean: [0], std: [1] }, layout: 'nhwc', sourceFiles: [], notes: [] },
  };
}

const folder = oracleFolder();
if (!folder) skipped('genuine TensorFlow Lite: @tensorflow/tfjs-tflite is not installed (npm ci in bench/)');
else {
  const load = await openOracle(folder);
  const data = noise();
  for (const [name, options] of Object.entries(SCHEMES)) {
    for (const [kind, make] of Object.entries(LAYERS)) {
      test(`${name}, ${kind}: the same integers`, async () => {
        const model = { graph: make(options.activationBits === 16), facts: {} };
        const { graph } = await runPipeline(model, [quantize({ examples: 64, ...options })], contextOf(model, { data }));
        const integer = toInteger(graph);
        const theirs = load(exportTflite(integer));
        const random = createRandom(4, 'test/schemes');
        const [x] = integer.inputs.map((t) => integer.tensors[t]);
        const range = x.dtype === 'i16' ? 32768 : 128;
        let [same, all] = [0, 0];
        heap.scope(() => {
          const program = compile(heap, integer);
          for (let call = 0; call < CALLS; call++) {
            const values = Float64Array.from({ length: sizeOf(x.shape) }, () => random.below(2 * range) - range);
            heap.write(program.inputs[0], values);
            program.run();
            const wanted = Array.from(theirs.run([Array.from(values)])[0], Number);
            Array.from(heap.read(program.outputs[0]), Number).forEach((v, i) => {
              all++;
              if (v === wanted[i]) same++;
              assert.ok(Math.abs(v - wanted[i]) <= 1, `output ${i}: ${v}, TensorFlow Lite gives ${wanted[i]}`);
            });
          }
        });
        // Its kernels round halves of the rescaling in another way than CMSIS-NN.
        assert.ok(same > 0.99 * all, `${same} of ${all} are the same`);
      });
    }
  }
}

test.run();
