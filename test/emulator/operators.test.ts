import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyGraph } from '../../src/emulator/verify.ts';
import type { Graph, Node, Quantization, Tensor } from '../../src/graph/graph.ts';
import { asStored } from '../../src/model.ts';
import { OPS } from '../../src/ops/index.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { datasetOf, joinedUnits } from '../cases/make.ts';
import { samplesOf } from '../formats/row_graphs.ts';
import { allOf } from './all_operators.ts';
import { chipOf, withTools } from './tools.ts';

const test = suite('every operator in C');
const emulated = withTools(test);
const heap = await Heap.open();

for (const dtype of ['i8', 'i16'] as const) {
  for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
    emulated(`samples of every operator on ${dtype}: ${core}`, async () => {
      const { graph, operators } = allOf(heap, dtype);
      const wanted =
        dtype === 'i8' ? Object.keys(OPS).filter((op) => OPS[op].lower && samplesOf(op).length) : ['lstm', 'conv2d', 'softmax'];
      for (const op of wanted) assert.ok(operators.has(op), `${op} has no sample that runs`);
      const { difference } = await verifyGraph(heap, graph, chipOf(core), {
        inputs: 3,
        flags: ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'],
      });
      assert.equal(difference, null);
    });
  }
}

for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
  emulated(`features scaled as real numbers before they are rounded, ${core}`, async () => {
    const made = joinedUnits();
    const model = { graph: made.graph, facts: {} };
    const found = await quantize().run(model, { heap, data: await datasetOf(made, {}), seed: 1, original: model });
    const graph = asStored(found);
    assert.equal(graph.nodes.map((n) => n.op).slice(0, 3), ['sub', 'mul', 'quantize']);
    const { difference } = await verifyGraph(heap, graph, chipOf(core), { inputs: 6 });
    assert.equal(difference, null);
  });
}

/** Softmax over rows of many values, all of them tied, and as they come (half of them are the largest in the second example). */
function ties(to: 'i8' | 'i16'): Graph {
  const quantOf = (bits: 8 | 16, scale: number, zero: number) => ({ bits, scales: [scale], zeros: [zero], axis: null });
  const tensors: Tensor[] = [];
  const nodes: Node[] = [];
  const add = (name: string, size: number, dtype: 'i8' | 'i16', data: Int8Array | null, quant: Quantization) =>
    tensors.push({ name, shape: [1, size], dtype, data, quant }) - 1;
  const logits = quantOf(8, 0.1, 3);
  const shares = to === 'i8' ? quantOf(8, 1 / 256, -128) : quantOf(16, 1 / 32768, 0);
  const inputs: number[] = [];
  const outputs: number[] = [];
  for (const size of [511, 512, 1100, 4300, 8192, 8193]) {
    const x = add(`x${size}`, size, 'i8', null, logits);
    const least = add(`least${size}`, size, 'i8', new Int8Array(size).fill(-128), logits);
    const tied = add(`tied${size}`, size, 'i8', null, logits);
    nodes.push({ op: 'minimum', name: `minimum${size}`, inputs: [x, least], outputs: [tied], attrs: {} });
    inputs.push(x);
    for (const from of [x, tied]) {
      const y = add(`y${size}_${from}`, size, to, null, shares);
      nodes.push({ op: 'softmax', name: `softmax${size}_${from}`, inputs: [from], outputs: [y], attrs: { beta: 1 } });
      outputs.push(y);
    }
  }
  return { name: 'ties', tensors, nodes, inputs, outputs };
}

for (const core of ['cortex-m0', 'cortex-m4'] as const) {
  emulated(`softmax with hundreds and thousands of tied maxima, ${core}`, async () => {
    for (const to of ['i8', 'i16'] as const) {
      const { difference } = await verifyGraph(heap, ties(to), chipOf(core), {
        inputs: 2,
        flags: ['-Wall', '-Wconversion', '-Werror'],
      });
      assert.equal(difference, null, to);
    }
  });
}

test.run();
