import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measureFewerBits, measureSensitivity } from '../../src/compress/sensitivity.ts';
import { inputsOf, planBatch, takeEvenly } from '../../src/data/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { forEachBatch } from '../../src/evaluate.ts';
import { type Graph, type Node, withTensors } from '../../src/graph/graph.ts';
import { loadModel } from '../../src/model.ts';
import { changesOf, type Variant } from '../../src/prune/first_order.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { ridged } from '../../src/prune/ridge.ts';
import { surveyOf } from '../../src/prune/survey.ts';
import { roundedAlone } from '../../src/quant/rounding.ts';
import { type Builder, buildNetwork, type Value } from '../../src/run/build.ts';
import { layerOf } from '../../src/run/layers.ts';
import { withLogits } from '../../src/run/logits.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();
// No multiple of a batch.
const part = takeEvenly(data.validation!, 37);
const model = await loadModel(await demoModel());

function logitsOf(graph: Graph, of = part): number[] {
  const logits: number[] = [];
  forEachBatch(heap, withLogits(graph), of, planBatch(data, inputsOf(graph)), (values) => {
    for (const v of values as Float32Array) logits.push(v);
  });
  return logits;
}

/** Mean square of the change as a share of the variance, by running both networks. */
function changeBetween(graph: Graph, other: Graph, of = part): number {
  const [before, after] = [logitsOf(graph, of), logitsOf(other, of)];
  const mean = before.reduce((a, b) => a + b, 0) / before.length;
  const squares = (values: number[]) => values.reduce((sum, v) => sum + v * v, 0);
  return squares(before.map((v, i) => v - after[i])) / squares(before.map((v) => v - mean));
}

/** Every constant in turn, `share` more or less than it was. */
function variantsOf(graph: Graph, share: number): Variant[] {
  return graph.nodes.flatMap((node) =>
    node.inputs.flatMap((t): Variant[] => {
      const tensor = graph.tensors[t];
      if (!(tensor?.data instanceof Float32Array)) return [];
      const data = tensor.data.map((v, i) => v * (1 + share * (((i * 7) % 5) - 2)) + share * 0.01);
      return [new Map([[t, { ...tensor, data }]])];
    }),
  );
}

function network(activation: 'none' | 'relu', head: (net: Builder, x: Value) => Value): Graph {
  const net = buildNetwork('first order', [128, 1, 3], 7);
  const x = net.conv2d(net.input, 6, { kernel: [5, 1], stride: [4, 1], activation });
  const y = net.add(net.depthwiseConv2d(x, { kernel: [3, 1] }), net.conv2d(x, 6, { kernel: [1, 1] }), { activation });
  return net.finish(head(net, net.globalMean(net.dropout(net.batchNorm(y), 0.5))));
}

test('where nothing bends and two answers are given, the change is exact', () => {
  const graph = network('none', (net, x) => net.dense(x, 2));
  const variants = variantsOf(graph, 0.3).filter((v) => ![...v.keys()].some((t) => /variance/.test(graph.tensors[t].name)));
  assert.ok(variants.length >= 10);
  const changes = changesOf(heap, graph, variants, data, part, 3);
  variants.forEach((variant, i) => {
    const exact = changeBetween(graph, withTensors(graph, variant));
    assert.ok(Math.abs(changes[i] / exact - 1) < 1e-3, `${i}: ${changes[i]}, not ${exact}`);
  });
});

test('of two outputs both count, each in its own unit', () => {
  const net = buildNetwork('two heads', [128, 1, 3], 7);
  const body = net.globalMean(net.conv2d(net.input, 6, { kernel: [5, 1], stride: [4, 1] }));
  const graph = net.finish(net.dense(body, 1), net.dense(body, 1));
  const large = graph.nodes.at(-1)!.inputs[1];
  const scaled = withTensors(
    graph,
    new Map([[large, { ...graph.tensors[large], data: (graph.tensors[large].data as Float32Array).map((v) => 1000 * v) }]]),
  );
  const variants = variantsOf(scaled, 0.2);
  const changes = changesOf(heap, scaled, variants, data, part, 3);
  const lone = (output: number, of: Graph) => ({ ...of, outputs: [of.outputs[output]] });
  variants.forEach((variant, i) => {
    const other = withTensors(scaled, variant);
    const exact = (changeBetween(lone(0, scaled), lone(0, other)) + changeBetween(lone(1, scaled), lone(1, other))) / 2;
    // Layers before both heads: two sums of two logits tell them apart exactly only where they are of one output.
    const shared = i < 2;
    assert.ok(Math.abs(changes[i] / exact - 1) < (shared ? 0.5 : 1e-3), `${i}: ${changes[i]}, not ${exact}`);
  });
});

test('small changes of any network are near; softmax is left out; a variant that changes nothing changes nothing', () => {
  const graph = network('relu', (net, x) => net.softmax(net.dense(x, 6)));
  const variants = variantsOf(graph, 0.02);
  const changes = changesOf(heap, graph, [...variants, new Map()], data, takeEvenly(data.validation!, 256), 3);
  variants.forEach((variant, i) => {
    const exact = changeBetween(graph, withTensors(graph, variant), takeEvenly(data.validation!, 256));
    // Two sums of six logits over 256 examples: the mean of squares errs by about a tenth.
    assert.ok(Math.abs(changes[i] / exact - 1) < 0.4, `${i}: ${changes[i]}, not ${exact}`);
  });
  assert.is(changes.at(-1), 0);
});

test('several layers of a variant change together', () => {
  const graph = network('none', (net, x) => net.dense(x, 2));
  const [, depthwise, pointwise] = graph.nodes;
  const both = new Map(
    [depthwise, pointwise].map(({ inputs: [, w] }) => [
      w,
      { ...graph.tensors[w], data: new Float32Array(graph.tensors[w].data!.length) },
    ]),
  );
  const [change] = changesOf(heap, graph, [both], data, part, 3);
  assert.ok(Math.abs(change / changeBetween(graph, withTensors(graph, both)) - 1) < 1e-3);
});

test('sensitivity of the demo: rising, near to what the cuts change, and the same again', async () => {
  const context = { heap, data, seed: 0, original: model };
  const groups = channelGroups(model.graph);
  const size = async (graph: Graph) => graph.tensors.reduce((n, t) => n + (t.data?.length ?? 0), 0);
  const found = await measureSensitivity(model, groups, 4, size, context);
  assert.equal(
    Object.keys(found),
    groups.map((g) => g.name),
  );
  for (const [name, steps] of Object.entries(found)) {
    for (const [i, { ratio, change, saving }] of steps.entries()) {
      if (i > 0) assert.ok(ratio > steps[i - 1].ratio && change > steps[i - 1].change && saving > steps[i - 1].saving);
      const options = {
        ratio: 0,
        ratios: { [name]: ratio },
        criterion: 'reconstruction',
        reconstruct: 'consumers',
        multiple: 4,
      } as const;
      const { graph } = await prune(options).run(model, context);
      assert.is(saving, (await size(model.graph)) - (await size(graph)));
      const exact = changeBetween(model.graph, graph, takeEvenly(data.validation!, 256));
      assert.ok(change / exact > 0.4 && change / exact < 2.5, `${name} ${ratio}: ${change}, not ${exact}`);
      if (exact < 0.02) assert.ok(Math.abs(change / exact - 1) < 0.4, `${name} ${ratio}: ${change}, not ${exact}`);
    }
  }
  assert.equal(await measureSensitivity(model, groups, 4, size, context), found);
});

test('fewer bits of the demo: near to what rounding each layer alone changes, as quantize rounds it', async () => {
  const { consumers, grams } = surveyOf(heap, model.graph, data, 0);
  const rounded = (node: Node): Graph => {
    const i = consumers.findIndex((c) => c.node === node);
    const weights = roundedAlone(heap, model.graph, consumers[i], ridged(grams[i], consumers[i]), 4);
    return withTensors(model.graph, new Map(weights));
  };
  const found = await measureFewerBits(model, async (_, bits) => -Object.keys(bits).length, {
    heap,
    data,
    seed: 0,
    original: model,
  });
  for (const node of model.graph.nodes.filter((n) => layerOf(n))) {
    const [{ ratio, change, saving }] = found[node.name];
    assert.equal([ratio, saving], [1, 1]);
    const exact = changeBetween(model.graph, rounded(node), takeEvenly(data.validation!, 256));
    assert.ok(Math.abs(change / exact - 1) < 0.4, `${node.name}: ${change}, not ${exact}`);
  }
});

test.run();
