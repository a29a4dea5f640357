/** Equalization, folding and scaled inputs change no float answer; a unit far larger than the others costs no accuracy. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, loadDataset } from '../../src/data/index.ts';
import { findTask, judge } from '../../src/evaluate.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { equalized } from '../../src/quant/equalize.ts';
import { quantize } from '../../src/quant/index.ts';
import { answersOf } from '../../src/quant/output_error.ts';
import { createRandom, type Random } from '../../src/random.ts';
import { type Builder, buildNetwork, type Value } from '../../src/run/build.ts';
import { layerOf } from '../../src/run/layers.ts';
import { drawExamples } from '../../src/run/observe.ts';
import { linearReaders } from '../../src/simplify/absorb.ts';
import { foldAffine } from '../../src/simplify/affine.ts';
import { linearLayer } from '../../src/simplify/constant_channels.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { datasetOf, largest, rows } from '../cases/make.ts';

const heap = await Heap.open();
const COUNT = 96;

/** Random answers of a random network to random images. */
const imagesFor = (graph: Graph): Promise<Dataset> => {
  const [, ...shape] = graph.tensors[graph.inputs[0]].shape;
  const size = shape.reduce((a, b) => a * b);
  const made = {
    graph,
    x: { [graph.tensors[graph.inputs[0]].name]: { x: rows(COUNT, size, 'images'), shape: [COUNT, ...shape] } },
  };
  return datasetOf({ ...made, y: Int32Array.from({ length: COUNT }, (_, i) => i % 3) }, { split: [1, 0, 0] });
};

/** Layers of every kind that equalization passes, in a random order. */
function randomNetwork(seed: number): Graph {
  const random = createRandom(seed, 'random network');
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.uniform() * list.length)];
  const net = buildNetwork(`random ${seed}`, [8, 8, 3], seed);
  const layers: ((n: Builder, x: Value) => Value)[] = [
    (n, x) => n.conv2d(x, pick([4, 6, 9]), { kernel: [3, 3], activation: pick(['none', 'relu', 'relu6']) }),
    (n, x) => n.depthwiseConv2d(x, { kernel: [3, 3], activation: pick(['none', 'relu']) }),
    (n, x) => n.conv2d(x, pick([5, 8]), { kernel: [1, 1], activation: 'relu', padding: 'valid' }),
    (n, x) => n.activate(x, 'relu'),
    (n, x) => n.add(n.conv2d(x, x.shape[3], { kernel: [1, 1] }), x, { activation: 'relu' }),
  ];
  let x = net.conv2d(net.input, 6, { kernel: [3, 3], activation: 'relu' });
  for (let i = 0; i < 5; i++) x = pick(layers)(net, x);
  const flat = pick([net.globalMean(x), net.globalMean(net.maxPool2d(x, [2, 2]))]);
  return withUneven(net.finish(net.dense(net.dense(flat, 10, { activation: 'relu' }), 3)), random);
}

/** Weights of each output channel, and its bias, times a number of its own. */
function withUneven(graph: Graph, random: Random): Graph {
  const tensors = [...graph.tensors];
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    if (!layer) continue;
    const { shape, data } = tensors[layer.weights];
    const inner = shape.slice(layer.axis + 1).reduce((a, b) => a * b, 1);
    const factors = Array.from({ length: shape[layer.axis] }, () => 4 ** (2 * random.uniform() - 1));
    const of = (i: number) => factors[Math.floor(i / inner) % factors.length];
    tensors[layer.weights] = { ...tensors[layer.weights], data: (data as Float32Array).map((w, i) => w * of(i)) };
    tensors[layer.bias] = { ...tensors[layer.bias], data: Float32Array.from(factors, (f) => f * 0.1 * (random.uniform() - 0.5)) };
  }
  return { ...graph, tensors };
}

test('equalization changes not a bit of what float networks answer', async () => {
  let changed = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const graph = randomNetwork(seed);
    const data = await imagesFor(graph);
    const examples = drawExamples(data, 32, 0, 'calibrate');
    const even = equalized(heap, graph, examples);
    changed += Number(even !== graph);
    assert.equal(answersOf(heap, even, examples), answersOf(heap, graph, examples), `network ${seed}`);
  }
  assert.ok(changed >= 10, `only ${changed} networks of 12 were changed`);
});

test('a layer that reads a tensor in two ways is one reader', async () => {
  let changed = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const net = buildNetwork('two ways', [4, 4, 2], seed);
    const x = net.conv2d(net.input, 6, { kernel: [3, 3], activation: 'relu' });
    const flat = net.concat([net.globalMean(x), net.globalMean(net.maxPool2d(x, [2, 2]))]);
    const graph = withUneven(net.finish(net.dense(flat, 2)), createRandom(seed, 'two ways'));
    const readers = linearReaders(graph, x.tensor, 'factors')!;
    assert.equal(
      readers.map((r) => [...r.channels]),
      [[0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]],
    );
    const examples = drawExamples(await imagesFor(graph), 32, 0, 'calibrate');
    const after = equalized(heap, graph, examples);
    if (after !== graph) changed++;
    assert.equal(answersOf(heap, after, examples), answersOf(heap, graph, examples));
  }
  assert.ok(changed > 0);
});

/** Constant arithmetic by channel behind a tensor. */
function withArithmetic(graph: Graph, t: number, seed: number): Graph {
  const random = createRandom(seed, 'arithmetic');
  const tensors = [...graph.tensors];
  const channels = tensors[t].shape.at(-1)!;
  let from = t;
  const nodes: Node[] = [];
  for (const [op, low, high] of [
    ['sub', -1, 1],
    ['mul', 0.5, 2],
    ['add', -1, 1],
    ['div', 0.5, 3],
  ] as const) {
    const data = Float32Array.from({ length: channels }, () => low + (high - low) * random.uniform());
    const c = tensors.push({ name: `${op}/c`, shape: [channels], dtype: 'f32', data, quant: null }) - 1;
    const y = tensors.push({ ...tensors[t], name: `${tensors[t].name}/${op}` }) - 1;
    nodes.push({ name: op, op, inputs: [from, c], outputs: [y], attrs: op === 'div' ? {} : { activation: 'none' } });
    from = y;
  }
  const at = graph.nodes.findIndex((n) => n.outputs[0] === t);
  const moved = graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map((i) => (i === t ? from : i)) }));
  return { ...graph, tensors, nodes: [...moved.slice(0, at + 1), ...nodes, ...moved.slice(at + 1)] };
}

test('arithmetic by channel goes into the layers behind it, where no padding is in between', async () => {
  for (const [padding, left] of [
    ['valid', 0],
    ['same', 3],
  ] as const) {
    for (let seed = 1; seed <= 6; seed++) {
      const net = buildNetwork('affine', [6, 6, 3], seed);
      const body = net.conv2d(net.input, 8, { kernel: [3, 3], activation: 'relu' });
      const y = net.dense(net.globalMean(net.conv2d(body, 5, { kernel: [3, 3], padding, activation: 'relu' })), 3);
      const graph = withArithmetic(net.finish(y), body.tensor, seed);
      const folded = foldAffine(graph);
      assert.is(folded.nodes.length, net.finish(y).nodes.length + left);
      const examples = drawExamples(await imagesFor(graph), 32, 0, 'calibrate');
      const [[a], [b]] = [answersOf(heap, folded, examples), answersOf(heap, graph, examples)];
      // Sums of some hundred products in float32.
      a.forEach((v, i) => {
        assert.ok(Math.abs(v - b[i]) < 2e-5 * (1 + Math.abs(b[i])), `${v} instead of ${b[i]}`);
      });
    }
  }
});

const EXAMPLES = 1200;

/** A network whose classes are about as frequent, and what it answers, of the half of the examples where its answer is clearest. */
async function clear({ graph, shape }: Body): Promise<{ graph: Graph; data: Dataset }> {
  const size = shape.reduce((a, b) => a * b);
  const x = rows(EXAMPLES, size, 'clear');
  const all = await loadDataset({ x, shape: [EXAMPLES, ...shape] }, { whole: true });
  const [logits] = answersOf(heap, graph, {
    data: all,
    part: all.test!,
    order: Int32Array.from({ length: EXAMPLES }, (_, i) => i),
  });
  const width = logits.length / EXAMPLES;
  const mean = Array.from({ length: width }, (_, c) =>
    logits.reduce((sum, v, i) => (i % width === c ? sum + v / EXAMPLES : sum), 0),
  );
  const of = (i: number) => [...logits.subarray(i * width, (i + 1) * width)].map((v, c) => v - mean[c]);
  const { bias } = layerOf(graph.nodes.findLast((n) => n.op === 'fullyConnected')!)!;
  const tensors = graph.tensors.with(bias, { ...graph.tensors[bias], data: Float32Array.from(mean, (m) => -m) });
  const margin = (y: number[]) => {
    const [first, second] = y.toSorted((a, b) => b - a);
    return first - second;
  };
  const kept = Array.from({ length: EXAMPLES }, (_, i) => i)
    .sort((a, b) => margin(of(b)) - margin(of(a)))
    .slice(0, EXAMPLES / 2);
  const values = Float32Array.from(kept.flatMap((i) => [...x.subarray(i * size, (i + 1) * size)]));
  const y = kept.map((i) => largest(of(i)));
  return { graph: { ...graph, tensors }, data: await loadDataset({ x: values, shape: [kept.length, ...shape], y }) };
}

/** Unit `u` of the layer that makes a tensor, and what reads it, as if it counted in another unit. */
function inAnotherUnit(graph: Graph, tensor: number, u: number, factor: number): Graph {
  const tensors = [...graph.tensors];
  const scale = (t: number, by: number, hit: (i: number) => boolean) => {
    tensors[t] = { ...tensors[t], data: (tensors[t].data as Float32Array).map((v, i) => (hit(i) ? v * by : v)) };
  };
  const maker = linearLayer(graph, graph.nodes.find((n) => n.outputs[0] === tensor)!)!;
  const { weights, bias } = layerOf(graph.nodes.find((n) => n.outputs[0] === tensor)!)!;
  scale(weights, factor, (i) => maker.unit(i) === u);
  scale(bias, factor, (i) => i === u);
  for (const { node, channels } of linearReaders(graph, tensor, 'factors')!) {
    const { inChannel } = linearLayer(graph, node)!;
    scale(layerOf(node)!.weights, 1 / factor, (i) => channels[inChannel(i)] === u);
  }
  return { ...graph, tensors };
}

/** Networks of which a tensor is to be spoilt. */
interface Body {
  readonly graph: Graph;
  readonly tensor: number;
  readonly shape: number[];
}

const BODIES: Readonly<Record<string, () => Body>> = {
  dense: () => {
    const net = buildNetwork('body', [6], 3);
    const body = net.dense(net.input, 20, { activation: 'relu' });
    return { graph: net.finish(net.softmax(net.dense(body, 3))), tensor: body.tensor, shape: [6] };
  },
  convolutions: () => {
    const net = buildNetwork('body', [6, 6, 2], 4);
    const body = net.conv2d(net.input, 8, { kernel: [3, 3], activation: 'relu' });
    const y = net.globalMean(
      net.conv2d(net.depthwiseConv2d(body, { kernel: [3, 3], activation: 'relu' }), 12, { kernel: [1, 1] }),
    );
    return { graph: net.finish(net.softmax(net.dense(y, 3))), tensor: body.tensor, shape: [6, 6, 2] };
  },
};

async function losses(graph: Graph, data: Dataset) {
  const model = { graph, facts: {} };
  const context = { heap, data, seed: 1, original: model };
  const task = findTask(heap, graph, data);
  const accuracy = (g: Graph) => judge(heap, g, data, 'train', task).evaluation.accuracy!;
  const of = async (options: Parameters<typeof quantize>[0]) => {
    const found = await runPipeline(model, [quantize(options)], context);
    return { lost: accuracy(graph) - accuracy(asStored(found)), mended: found.facts.quantization!.mended };
  };
  return { plain: await of({ equalize: 'off', biasCorrection: 'off' }), mended: await of({}) };
}

for (const [name, body] of Object.entries(BODIES)) {
  test(`${name}: a unit 2000 times larger than the others costs less than a point`, async () => {
    const { graph, data } = await clear(body());
    const { plain, mended } = await losses(inAnotherUnit(graph, body().tensor, 2, 2000), data);
    assert.ok(plain.lost > 0.05, `without equalization: ${plain.lost}`);
    assert.ok(mended.lost < 0.01, `with equalization: ${mended.lost}`);
    assert.match(mended.mended.join(), /^cross-layer equalization: error of the answers -?[\d.]+ dB -> [\d.]+ dB$/);
  });
}

test('a normalization inside costs less than a point', async () => {
  const { tensor } = BODIES.dense();
  const { graph, data } = await clear(BODIES.dense());
  const spoilt = inAnotherUnit(graph, tensor, 4, 2000);
  // The reader's weights are as they were: a multiplication stands before it.
  const reader = graph.nodes.find((n) => n.inputs[0] === tensor)!;
  const tensors = spoilt.tensors.with(reader.inputs[1], graph.tensors[reader.inputs[1]]);
  const c =
    tensors.push({
      name: 'norm/c',
      shape: [20],
      dtype: 'f32',
      quant: null,
      data: new Float32Array(20).fill(1).fill(1 / 2000, 4, 5),
    }) - 1;
  const y = tensors.push({ ...tensors[tensor], name: 'norm' }) - 1;
  const norm = { name: 'norm', op: 'mul', inputs: [tensor, c], outputs: [y], attrs: { activation: 'none' } };
  const nodes = spoilt.nodes.flatMap((n) => (n === reader ? [norm, { ...n, inputs: [y, ...n.inputs.slice(1)] }] : [n]));
  const { mended } = await losses({ ...spoilt, tensors, nodes }, data);
  assert.ok(mended.lost < 0.01, `${mended.lost}`);
});

test('where nothing is lost, nothing is done', async () => {
  for (const body of Object.values(BODIES)) {
    const { graph, data } = await clear(body());
    const { mended } = await losses(graph, data);
    assert.equal(mended.mended, []);
  }
});

test('a loss is explained: the tensor, its kind, the channel; and nothing where nothing is lost', async () => {
  // A dense layer has one scale for the weights of all its units.
  for (const [body, kind, what] of [
    [BODIES.dense, 'units', /unit \d+ spans 0\.0\d+ of 127 steps/],
    [BODIES.convolutions, 'channels', /channel \d+ \(\S+\) spans 0\.\d+ of 256 steps, channel 2 [12]\d\d /],
  ] as const) {
    const { graph, data } = await clear(body());
    const explained = async (g: Graph) => {
      const model = { graph: g, facts: {} };
      const stage = quantize({ equalize: 'off', biasCorrection: 'off', explain: true });
      const { facts } = await runPipeline(model, [stage], { heap, data, seed: 1, original: model });
      return facts.quantization!.explanation!;
    };
    const spoilt = await explained(inAnotherUnit(graph, body().tensor, 2, 2000));
    const { name } = graph.tensors[body().tensor];
    const [worst] = spoilt.causes;
    assert.equal([worst.layer, worst.kind], [name, kind]);
    assert.match(worst.what, what);
    const [first] = spoilt.layers;
    assert.equal([first.name, first.op, first.bits], [graph.tensors[graph.inputs[0]].name, 'input', 8]);
    const sound = await explained(graph);
    assert.ok(sound.outputError < 0.01 && spoilt.outputError > 10 * sound.outputError);
    for (const { cosine, error, outputAlone } of sound.layers) assert.ok(cosine > 0.99 && error < 0.01 && outputAlone < 0.01);
    assert.equal(
      sound.layers.map((l) => l.name),
      spoilt.layers.map((l) => l.name),
    );
  }
});

test('4-bit weights are named as what loses', async () => {
  const { graph, data } = await clear(BODIES.convolutions());
  const model = { graph, facts: {} };
  const layer = graph.nodes.find((n) => n.op === 'conv2d')!.name;
  const stage = quantize({ layerBits: { [layer]: 4 }, explain: true });
  const { facts } = await runPipeline(model, [stage], { heap, data, seed: 1, original: model });
  const [worst] = facts.quantization!.explanation!.causes;
  assert.equal([worst.layer, worst.kind, worst.fix], [layer, 'bits', `--layer-bits "${layer}=8", or finetune --qat learned`]);
});

test.run();
