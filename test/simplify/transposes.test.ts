/** Transposes that move the channels, as converters of channels-first networks leave them in `.tflite` files. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Attrs, type Graph, type Node, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { channelGroups } from '../../src/prune/groups.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { createRandom } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import { findProblem } from '../../src/run/verify.ts';
import { simplifyGraph } from '../../src/simplify/index.ts';
import { contextOf, heap } from '../train/networks.ts';

/** [1, 5, 4, 3] -> 6 channels first -> what reads them -> 4 */
function network(form: 'flatten' | 'mean' | 'back'): Graph {
  const random = createRandom(3, 'test/transposes');
  const tensors: Tensor[] = [];
  const nodes: Node[] = [];
  const tensor = (shape: readonly number[], data: Float32Array | null = null) =>
    tensors.push({ name: `t${tensors.length}`, shape, dtype: 'f32', data, quant: null }) - 1;
  const constant = (...shape: number[]) =>
    tensor(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => random.uniform() - 0.5),
    );
  const add = (op: string, inputs: readonly number[], shape: readonly number[], attrs: Attrs): number => {
    const y = tensor(shape);
    nodes.push({ name: `${op}${nodes.length}`, op, inputs, outputs: [y], attrs });
    return y;
  };
  const window = { stride: [1, 1], dilation: [1, 1], padding: 'same', groups: 1, activation: 'none' };
  const input = tensor([1, 5, 4, 3]);
  let x = add('conv2d', [input, constant(6, 3, 3, 3), constant(6)], [1, 5, 4, 6], window);
  x = add('transpose', [x], [1, 6, 5, 4], { perm: [0, 3, 1, 2] });
  x = add('relu', [x], [1, 6, 5, 4], {});
  if (form === 'flatten') x = add('reshape', [x], [1, 120], { shape: [0, -1] });
  if (form === 'mean') x = add('mean', [x], [1, 6], { axes: [2, 3], keepDims: false });
  if (form === 'back') {
    x = add('transpose', [x], [1, 5, 4, 6], { perm: [0, 2, 3, 1] });
    x = add('conv2d', [x, constant(7, 1, 1, 6), constant(7)], [1, 5, 4, 7], window);
    x = add('mean', [x], [1, 7], { axes: [1, 2], keepDims: false });
  }
  const depth = tensors[x].shape[1];
  x = add('fullyConnected', [x, constant(4, depth), constant(4)], [1, 4], { activation: 'none', keepDims: false });
  return { name: form, tensors, nodes, inputs: [input], outputs: [x] };
}

function answers(graph: Graph): number[] {
  const random = createRandom(5, 'test/input');
  return heap.scope(() => {
    const program = compile(heap, graph);
    const [input] = program.inputs;
    const isInteger = graph.tensors[graph.inputs[0]].dtype === 'i8';
    const values = Array.from({ length: sizeOf(input.shape) }, () => random.uniform() - 0.5);
    heap.write(input, isInteger ? Int8Array.from(values, (v) => Math.round(200 * v)) : Float32Array.from(values));
    program.run();
    return Array.from(heap.read(program.outputs[0]), Number);
  });
}

for (const form of ['flatten', 'mean', 'back'] as const) {
  test(`no channel is moved, and what makes it can be cut: ${form}`, () => {
    const graph = network(form);
    assert.is(findProblem(graph), null);
    assert.ok(!channelGroups(graph).some(({ name }) => name === 'conv2d0'), 'a cut would not be followed');
    const { graph: simpler } = simplifyGraph(heap, graph);
    assert.is(findProblem(simpler), null);
    assert.ok(!simpler.nodes.some((n) => n.op === 'transpose'));
    const [before, after] = [answers(graph), answers(simpler)];
    // float32: sums are taken in another order.
    before.forEach((v, i) => void assert.ok(Math.abs(v - after[i]) < 1e-5, `${v} ${after[i]}`));
    const group = channelGroups(simpler).find(({ name }) => name === 'conv2d0');
    assert.is(group?.units.length, 6);
  });

  test(`integers stay: ${form}`, async () => {
    const model = { graph: network(form), facts: {} };
    const part = { inputs: [Float32Array.from({ length: 32 * 60 }, (_, i) => ((i * 37) % 101) / 101 - 0.5)], y: null, count: 32 };
    const info = { name: 'x', shape: [5, 4, 3] };
    const data = {
      ...{ name: 'any', inputs: [info], classes: 0, train: part, validation: null, test: null },
      ...{ normalization: { scale: 1, mean: [0], std: [1] }, layout: 'nhwc' as const, sourceFiles: [], notes: [] },
    };
    const { graph } = await runPipeline(model, [quantize({ examples: 32 })], contextOf(model, { data }));
    const integer = toInteger(graph);
    const { graph: simpler } = simplifyGraph(heap, integer);
    assert.ok(!simpler.nodes.some((n) => n.op === 'transpose'));
    assert.equal(answers(simpler), answers(integer));
  });
}

test.run();
