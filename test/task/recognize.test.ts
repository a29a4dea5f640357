import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AS_STORED, type Dataset } from '../../src/data/index.ts';
import { CompressError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { outputsOf, recognizeTask, type TaskOptions } from '../../src/task/index.ts';

type End = 'none' | 'softmax' | 'logistic';

/** A graph of one dense layer, with inputs and outputs of these shapes. */
function graphOf(input: readonly number[], ...outputs: readonly (readonly [readonly number[], End])[]): Graph {
  const tensor = (name: string, shape: readonly number[]) => ({ name, shape, dtype: 'f32' as const, data: null, quant: null });
  const tensors = [tensor('x', [1, ...input])];
  const nodes: Graph['nodes'][number][] = [];
  const places = outputs.map(([shape, end], i) => {
    const inner = tensors.push(tensor(`inner_${i}`, [1, ...shape])) - 1;
    nodes.push({ name: `layer_${i}`, op: 'fullyConnected', inputs: [0], outputs: [inner], attrs: {} });
    if (end === 'none') return inner;
    const t = tensors.push(tensor(`out_${i}`, [1, ...shape])) - 1;
    nodes.push({ name: `end_${i}`, op: end, inputs: [inner], outputs: [t], attrs: {} });
    return t;
  });
  return { name: 'made', tensors, nodes, inputs: [0], outputs: places };
}

/** Labels of a number of values each; null for none. */
function labelled(width: number, values: readonly number[] | null, classNames?: readonly string[]): Dataset {
  const count = 12;
  const whole = values?.every(Number.isInteger);
  const all = Array.from({ length: count * width }, (_, i) => values?.[i % values.length] ?? 0);
  const y = values && (whole ? Int32Array.from(all) : Float32Array.from(all));
  const classes = classNames?.length ?? (whole && width === 1 ? Math.max(...values!) + 1 : width > 1 ? width : 0);
  const test_ = { inputs: [new Float32Array(count)], y, count };
  const common = { name: 'made.npz', inputs: [{ name: 'x', shape: [1] }], normalization: AS_STORED, layout: 'nhwc' as const };
  return {
    ...common,
    classes,
    ...(classNames && { classNames }),
    train: null,
    validation: null,
    test: test_,
    sourceFiles: [],
    notes: [],
  };
}

const hot3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const some3 = [1, 1, 0, 0, 1, 0];

interface Row {
  readonly what: string;
  readonly graph: Graph;
  readonly data: Dataset;
  readonly options?: TaskOptions;
  /** The task that is found, or what is said where none is. */
  readonly is: string | RegExp;
}

const rows: readonly Row[] = [
  {
    what: 'softmax of 3, classes 0..2',
    graph: graphOf([9], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    is: 'classification',
  },
  { what: 'logits of 3, one-hot rows', graph: graphOf([9], [[3], 'none']), data: labelled(3, hot3), is: 'classification' },
  {
    what: 'sigmoids of 3, classes 0..2',
    graph: graphOf([9], [[3], 'logistic']),
    data: labelled(1, [0, 1, 2]),
    is: 'classification',
  },
  {
    what: 'sigmoids of 3, one-hot rows',
    graph: graphOf([9], [[3], 'logistic']),
    data: labelled(3, hot3),
    is: /classification, or multilabel/,
  },
  {
    what: 'sigmoids of 3, rows of several ones',
    graph: graphOf([9], [[3], 'logistic']),
    data: labelled(3, some3),
    is: 'multilabel',
  },
  {
    what: 'logits of 3, rows of several ones',
    graph: graphOf([9], [[3], 'none']),
    data: labelled(3, some3),
    is: /multilabel, or regression/,
  },
  {
    what: 'softmax of 10, classes 0..2',
    graph: graphOf([9], [[10], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    is: 'classification',
  },
  {
    what: '10 numbers, classes 0..2',
    graph: graphOf([9], [[10], 'none']),
    data: labelled(1, [0, 1, 2]),
    is: /no task fits both/,
  },
  {
    what: 'the same, stated',
    graph: graphOf([9], [[10], 'none']),
    data: labelled(1, [0, 1, 2]),
    options: { task: 'classification' },
    is: 'classification',
  },
  {
    what: 'softmax of 3, a class beyond it',
    graph: graphOf([9], [[3], 'softmax']),
    data: labelled(1, [0, 1, 3]),
    is: /from 0 to 3[\s\S]*a class from 0 to 2/,
  },
  {
    what: 'softmax as wide as the input',
    graph: graphOf([3], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    is: 'classification',
  },
  {
    what: 'numbers as wide as the input, classes',
    graph: graphOf([3], [[3], 'none']),
    data: labelled(1, [0, 1, 2]),
    is: 'classification',
  },
  {
    what: 'two numbers of two, labels 0 and 1',
    graph: graphOf([2], [[2], 'none']),
    data: labelled(1, [0, 1]),
    is: /classification, or reconstruction/,
  },
  {
    what: 'many numbers of as many, labels 0 and 1',
    graph: graphOf([64], [[64], 'none']),
    data: labelled(1, [0, 1]),
    is: 'reconstruction',
  },
  {
    what: 'many numbers of as many, no labels',
    graph: graphOf([8, 8, 1], [[64], 'logistic']),
    data: labelled(1, null),
    is: 'reconstruction',
  },
  { what: 'softmax, no labels', graph: graphOf([3], [[3], 'softmax']), data: labelled(1, null), is: /has no labels/ },
  { what: 'one number of one, no labels', graph: graphOf([1], [[1], 'none']), data: labelled(1, null), is: /has no labels/ },
  { what: 'one sigmoid, 0 and 1', graph: graphOf([9], [[1], 'logistic']), data: labelled(1, [0, 1]), is: 'binary' },
  { what: 'one sigmoid, one-hot rows of two', graph: graphOf([9], [[1], 'logistic']), data: labelled(2, [0, 1]), is: 'binary' },
  {
    what: 'one number, 0 and 1',
    graph: graphOf([9], [[1], 'none']),
    data: labelled(1, [0, 1]),
    is: /--task binary or regression/,
  },
  {
    what: 'one number, two class folders',
    graph: graphOf([9], [[1], 'none']),
    data: labelled(1, [0, 1], ['no', 'yes']),
    is: 'binary',
  },
  { what: 'one sigmoid, shares', graph: graphOf([9], [[1], 'logistic']), data: labelled(1, [0.2, 0.7]), is: 'regression' },
  {
    what: 'one sigmoid, -1 and 1',
    graph: graphOf([9], [[1], 'logistic']),
    data: labelled(1, [-1, 1]),
    is: /0 or 1 for each example/,
  },
  { what: 'one number, numbers', graph: graphOf([1], [[1], 'none']), data: labelled(1, [0.2, -1.7]), is: 'regression' },
  { what: 'one number, whole numbers', graph: graphOf([9], [[1], 'none']), data: labelled(1, [18, 75, 33]), is: 'regression' },
  { what: '24 numbers, 24 numbers', graph: graphOf([9], [[24], 'none']), data: labelled(24, [0.5, 1, 2]), is: 'regression' },
  {
    what: '24 numbers, 12 numbers',
    graph: graphOf([9], [[24], 'none']),
    data: labelled(12, [0.5, 1, 2]),
    is: /24 numbers for each example/,
  },
  {
    what: 'a map, one class an example',
    graph: graphOf([8, 8, 3], [[4, 4, 3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    is: /each of the 16 places of its map/,
  },
  {
    what: 'a map, a class at each place',
    graph: graphOf([8, 8, 3], [[4, 4, 3], 'softmax']),
    data: labelled(16, [0, 1, 2]),
    is: 'classification',
  },
  {
    what: 'a map of sigmoids, 0 and 1 at each place',
    graph: graphOf([8, 8, 3], [[4, 4, 1], 'logistic']),
    data: labelled(16, [0, 1, 1]),
    is: 'binary',
  },
  {
    what: '1 x 1 places are a vector',
    graph: graphOf([8, 8, 3], [[1, 1, 3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    is: 'classification',
  },
  {
    what: 'a stated task that cannot be',
    graph: graphOf([9], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    options: { task: 'binary' },
    is: /binary/,
  },
  {
    what: 'reconstruction of nothing',
    graph: graphOf([9], [[3], 'none']),
    data: labelled(1, [0, 1, 2]),
    options: { task: 'reconstruction' },
    is: /no input has the size/,
  },
  {
    what: 'an autoencoder beside labels of another kind, stated',
    graph: graphOf([9], [[9], 'none']),
    data: labelled(1, [0, 1, 2]),
    options: { task: 'reconstruction' },
    is: 'reconstruction',
  },
  {
    what: 'a metric of another task',
    graph: graphOf([9], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    options: { metric: 'rmse' },
    is: /classification is not judged by rmse/,
  },
  {
    what: 'a metric that does not exist',
    graph: graphOf([9], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    options: { metric: 'acc' as 'auc' },
    is: /no metric "acc"/,
  },
  {
    what: 'the class head of two',
    graph: graphOf([9], [[16], 'logistic'], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    is: 'classification',
  },
  {
    what: 'two class heads',
    graph: graphOf([9], [[3], 'softmax'], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    is: /--output "out_0" or "out_1"/,
  },
  {
    what: 'two class heads, one named',
    graph: graphOf([9], [[3], 'softmax'], [[3], 'softmax']),
    data: labelled(1, [0, 1, 2]),
    options: { output: 'out_1' },
    is: 'classification',
  },
];

for (const { what, graph, data, options, is } of rows) {
  test(`${what}: ${is instanceof RegExp ? 'asked or refused' : is}`, () => {
    if (typeof is === 'string') assert.is(recognizeTask(graph, data, options).name, is);
    else {
      assert.throws(
        () => recognizeTask(graph, data, options),
        (e: CompressError) => e instanceof CompressError && is.test(e.message),
      );
    }
  });
}

test('a head for values beside a head for classes: by the labels', () => {
  const graph = graphOf([9], [[1], 'none'], [[3], 'softmax']);
  assert.is(recognizeTask(graph, labelled(1, [0, 1, 2])).output, 1);
  assert.is(recognizeTask(graph, labelled(1, [0.5, 1, 2])).output, 0);
  assert.is(recognizeTask(graph, labelled(1, [0, 1, 2]), { output: 'inner_0' }).name, 'regression');
});

test('what an output ends in is seen through views and changes of type', () => {
  const graph = graphOf([9], [[3], 'softmax']);
  const [t] = graph.outputs;
  const tensors = [...graph.tensors, { ...graph.tensors[t], name: 'flat', shape: [1, 3, 1] }];
  const view = { name: 'flat', op: 'reshape', inputs: [t], outputs: [tensors.length - 1], attrs: { shape: [0, 3, 1] } };
  const [facts] = outputsOf({ ...graph, tensors, nodes: [...graph.nodes, view], outputs: [tensors.length - 1] });
  assert.equal([facts.ends, facts.places, facts.channels], ['softmax', 3, 1]);
});

test.run();
