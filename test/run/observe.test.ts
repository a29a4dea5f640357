import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { consumersOf } from '../../src/prune/consumers.ts';
import { gramsOf } from '../../src/prune/grams.ts';
import { activationScores } from '../../src/prune/importance.ts';
import { calibrate } from '../../src/quant/calibrate.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { drawExamples, observe } from '../../src/run/observe.ts';
import { momentsOf } from '../../src/train/moments.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { graphOf, samplesOf } from '../formats/row_graphs.ts';

const heap = await Heap.open();

/** `count` examples of `size` numbers; the last one is far larger than the others. */
function examples(count: number, shape: readonly number[], purpose: string): Dataset {
  const size = shape.reduce((a, b) => a * b, 1);
  const random = createRandom(5, purpose);
  const x = Float32Array.from({ length: count * size }, (_, i) => (i < (count - 1) * size ? 1 : 50) * (random.uniform() - 0.4));
  const train = { inputs: [x], y: null, count };
  const normalization = { scale: 1, mean: [0], std: [1] };
  const rest = { validation: null, test: null, layout: 'nhwc', sourceFiles: [], notes: [], classes: 0 } as const;
  return { name: 'noise', inputs: [{ name: 'x', shape }], train, normalization, ...rest };
}

function small(): Graph {
  const net = buildNetwork('observed', [5, 4, 3], 1);
  return net.finish(net.dense(net.globalMean(net.conv2d(net.input, 6, { kernel: [3, 3], activation: 'relu' })), 4));
}

const COUNTS = [1, 2, 15, 16, 17, 31, 33];

for (const count of COUNTS) {
  test(`${count} examples: each is seen once, in order, twice over`, () => {
    const data = examples(count, [5, 4, 3], 'order');
    const drawn = drawExamples(data, 1000, 3, 'test');
    assert.equal(
      [...drawn.order].sort((a, b) => a - b),
      [...Array(count).keys()],
    );
    const graph = small();
    heap.scope(() => {
      const run = observe(heap, graph, drawn);
      for (let pass = 0; pass < 2; pass++) {
        const seen: number[] = [];
        run((program) => () => seen.push(...(heap.read(program.inputs[0]) as Float32Array)));
        const expected = [...drawn.order].flatMap((i) => [...data.train!.inputs[0].subarray(i * 60, (i + 1) * 60)]);
        assert.equal(seen, expected);
      }
    });
  });

  test(`${count} examples: ranges and histograms hold all of them`, () => {
    const data = examples(count, [5, 4, 3], 'ranges');
    const graph = small();
    const histograms = calibrate(heap, graph, data, 1000, 0);
    const input = histograms.get(graph.inputs[0])!;
    const [x] = data.train!.inputs;
    assert.is(input.low, Math.min(...x));
    assert.is(input.high, Math.max(...x));
    const output = histograms.get(graph.outputs[0])!;
    assert.is(
      Array.from(output.counts).reduce((a, b) => a + b, 0),
      4 * count,
    );
  });

  test(`${count} examples: activations, moments and products are means over all of them`, () => {
    const data = examples(count, [1, 1, 3], 'means');
    const net = buildNetwork('pointwise', [1, 1, 3], 1);
    const graph = net.finish(net.conv2d(net.conv2d(net.input, 2, { kernel: [1, 1] }), 3, { kernel: [1, 1] }));
    const [first] = graph.nodes;
    const w = graph.tensors[first.inputs[1]].data as Float32Array;
    const [x] = data.train!.inputs;
    const answers = Array.from({ length: count }, (_, i) =>
      [0, 1].map((o) => [0, 1, 2].reduce((s, c) => s + w[o * 3 + c] * x[i * 3 + c], 0)),
    );
    const mean = (of: (y: number[]) => number) => answers.reduce((s, y) => s + of(y), 0) / count;
    const near = (a: number, b: number, what: string) =>
      assert.ok(Math.abs(a - b) <= 1e-4 * Math.abs(b) + 1e-6, `${what}: ${a}, not ${b}`);

    const scores = activationScores(heap, graph, data, 0).get(first.outputs[0])!;
    near(scores[0] / scores[1], Math.sqrt(mean(([a]) => a * a) / mean(([, b]) => b * b)), 'activation');

    const { mean: means, variance } = momentsOf(heap, graph, [first], drawExamples(data, 1000, 0, 'test')).get(first)!;
    near(
      means[0],
      mean(([a]) => a),
      'mean',
    );
    near(variance[1], mean(([, b]) => b * b) - mean(([, b]) => b) ** 2, 'variance');

    const second = consumersOf(graph)[1];
    const { n, means: products } = gramsOf(heap, graph, [second], data, 0)[0];
    assert.is(n, 3);
    near(
      products[0 * 3 + 1],
      mean(([a, b]) => a * b),
      'product',
    );
    near(
      products[0 * 3 + 2],
      mean(([a]) => a),
      'product with the constant 1',
    );
    near(products[2 * 3 + 2], 1, 'product of the constant 1');
  });
}

for (const op of ['svdf', 'lstm']) {
  test(`${op}: every example begins with fresh state`, () => {
    const graph = graphOf(op, samplesOf(op)[0], 'i8');
    const shape = graph.tensors[graph.inputs[0]].shape.slice(1);
    const one = examples(1, shape, 'state');
    const [x] = one.train!.inputs;
    const three = { ...one, train: { inputs: [Float32Array.from([...x, ...x, ...x])], y: null, count: 3 } };
    heap.scope(() => {
      const answers: Int8Array[] = [];
      observe(
        heap,
        graph,
        drawExamples(three, 3, 0, 'test'),
      )(
        ({ outputs }) =>
          () =>
            answers.push(heap.read(outputs[0]) as Int8Array),
      );
      assert.equal(answers[1], answers[0]);
      assert.equal(answers[2], answers[0]);
    });
  });
}

test('without a train part the validation part serves; without both it is refused', () => {
  const data = examples(3, [4], 'parts');
  assert.is(drawExamples({ ...data, train: null, validation: data.train }, 2, 0, 'test').order.length, 2);
  assert.throws(
    () => drawExamples({ ...data, train: null }, 2, 0, 'test'),
    (e: Error) => /no train part/.test(e.message),
  );
});

test.run();
