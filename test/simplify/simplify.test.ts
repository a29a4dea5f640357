import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputsOf, loadDataset, planBatch, readNpy } from '../../src/data/index.ts';
import { forEachBatch } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { type Graph, sizeOf, type Values } from '../../src/graph/graph.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { compile } from '../../src/run/compile.ts';
import { findProblem } from '../../src/run/verify.ts';
import { simplifyGraph } from '../../src/simplify/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { modelFiles } from '../models.ts';
import { sharedTest } from '../shared_test.ts';
import { randomGraph } from './random_graph.ts';

const heaps = { double: await Heap.open(), single: await Heap.open({ rounding: 'single' }) };

function outputs(heap: Heap, graph: Graph, input: Values): Values[] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    heap.write(program.inputs[0], input as Int8Array);
    program.run();
    return program.outputs.map((o) => heap.read(o));
  });
}

function noise(graph: Graph, seed: number): Int8Array {
  const random = createRandom(seed, 'input');
  return Int8Array.from({ length: sizeOf(graph.tensors[graph.inputs[0]].shape) }, () => random.below(256) - 128);
}

for (const rounding of ['double', 'single'] as const) {
  test(`random int8 networks with dead channels answer with the same bits, ${rounding} rounding`, () => {
    let saved = 0;
    let cut = 0;
    fc.assert(
      fc.property(fc.nat(1e9), (seed) => {
        const graph = randomGraph(seed);
        assert.is(findProblem(graph), null);
        const { graph: simpler, report } = simplifyGraph(heaps[rounding], graph);
        assert.is(findProblem(simpler), null);
        for (let i = 0; i < 4; i++) {
          const input = i === 3 ? noise(graph, i).map((v) => (v < 0 ? -128 : 127)) : noise(graph, i);
          assert.equal(outputs(heaps[rounding], simpler, input), outputs(heaps[rounding], graph, input));
        }
        assert.ok(report.macs[1] <= report.macs[0]);
        saved += report.macs[1] < report.macs[0] ? 1 : 0;
        cut += report.layers.length;
        assert.is(simplifyGraph(heaps[rounding], simpler).report.macs[1], report.macs[1]);
      }),
      { numRuns: 150, seed: 1 },
    );
    assert.ok(saved > 50 && cut > 100, `only ${saved} networks lost MACs and ${cut} layers channels`);
  });
}

test('a float network loses what is zero, and answers the same within rounding', () => {
  const heap = heaps.double;
  const net = buildNetwork('n', [8, 8, 3], 5);
  let x = net.conv2d(net.input, 6, { kernel: [3, 3], norm: true, activation: 'relu' });
  x = net.depthwiseConv2d(x, { kernel: [3, 3], norm: true, activation: 'relu' });
  x = net.conv2d(x, 5, { kernel: [1, 1], activation: 'relu' });
  const graph = net.finish(net.dense(net.globalMean(x), 4));
  // units 1 and 4 of the first layer are zero; what batch normalization adds to them continues into the depthwise layer's padding
  const [w] = graph.nodes[0].inputs.slice(1);
  const data = (graph.tensors[w].data as Float32Array).slice();
  const unit = data.length / 6;
  data.fill(0, unit, 2 * unit).fill(0, 4 * unit, 5 * unit);
  const dead = { ...graph, tensors: graph.tensors.map((t, i) => (i === w ? { ...t, data } : t)) };
  const { graph: simpler, report } = simplifyGraph(heap, dead);
  assert.is(findProblem(simpler), null);
  assert.equal(
    report.layers.map((l) => l.channels),
    [
      [6, 4],
      [6, 4],
    ],
  );
  const input = Float32Array.from({ length: 192 }, (_, i) => Math.fround(((i * 37) % 64) / 64 - 0.5));
  const [a, b] = [outputs(heap, dead, input)[0], outputs(heap, simpler, input)[0]];
  a.forEach((v: number | bigint, i: number) => {
    assert.ok(Math.abs(Number(v) - Number(b[i])) < 1e-5);
  });
});

for (const { name, path } of modelFiles('.tflite')) {
  test(`${name}: simplified, it can be written and read`, () => {
    const { graph } = simplifyGraph(heaps.double, importTflite(readFileSync(path)));
    // What a file asks of a runtime is the file's own: ours asks for no later versions than its operators need.
    const content = ({ attachments, ...rest }: Graph) => ({
      ...rest,
      attachments: attachments && { ...attachments, about: null },
    });
    assert.equal(content(importTflite(exportTflite(graph))), content(graph));
  });
}

sharedTest(
  'vww_96_int8.tflite loses half of its MACs, and none of 1000 outputs changes a byte',
  ['data/models/vww_96_int8.tflite', 'data/vww01/test.npz'],
  async (vww, images) => {
    const graph = importTflite(readFileSync(vww));
    const { graph: simpler, report } = simplifyGraph(heaps.double, graph);
    assert.is(report.macs[0], 7489664);
    assert.ok(report.macs[1] <= 3_800_000, String(report.macs[1]));
    const x = readNpy(unzipSync(readFileSync(images))['x.npy'], 'x');
    const data = await loadDataset({ test: { x: x.data, shape: x.shape } }, { scale: 1 / 255 });
    const all = (g: Graph) => {
      const values: number[] = [];
      forEachBatch(heaps.double, g, data.test!, planBatch(data, inputsOf(g)), (batch) => values.push(...(batch as Int8Array)));
      return values;
    };
    const expected = all(graph);
    assert.is(expected.length, 2000);
    assert.ok(new Set(expected).size > 50);
    assert.equal(all(simpler), expected);
  },
);

test.run();
