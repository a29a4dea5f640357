/**
 * Small models and data as users bring them, made here. Models have random weights; labels are what the model answers by plain JavaScript,
 * but for those that are changed on purpose, so that every figure is known beforehand.
 */
import { type ArrayInput, type ArraySource, type DataOptions, type Dataset, loadDataset } from '../../src/data/index.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { createRandom, normal } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';

/** Rows of numbers around 0. */
export function rows(count: number, width: number, purpose: string, scale = 1): Float32Array {
  const random = createRandom(7, purpose);
  return Float32Array.from({ length: count * width }, () => scale * normal(random));
}

const row = (x: Float32Array, width: number, i: number): number[] => [...x.subarray(i * width, (i + 1) * width)];

/** Answers of every output of a small dense graph to one example, in float64. */
export function answer(graph: Graph, inputs: readonly (readonly number[])[]): number[][] {
  const values = new Map<number, readonly number[]>(graph.inputs.map((t, i) => [t, inputs[i]]));
  for (const node of graph.nodes) values.set(node.outputs[0], computed(graph, node, values));
  return graph.outputs.map((t) => [...values.get(t)!]);
}

function computed({ tensors }: Graph, { op, inputs, attrs }: Node, values: ReadonlyMap<number, readonly number[]>): number[] {
  const [x] = inputs.map((t) => values.get(t)!);
  if (op === 'concat') return inputs.flatMap((t) => [...values.get(t)!]);
  if (op === 'logistic') return x.map((v) => 1 / (1 + Math.exp(-v)));
  if (op === 'softmax') {
    const e = x.map((v) => Math.exp(v - Math.max(...x)));
    return e.map((v) => v / e.reduce((a, b) => a + b, 0));
  }
  if (op !== 'fullyConnected') throw new Error(op);
  const [w, b] = [tensors[inputs[1]].data as Float32Array, tensors[inputs[2]].data as Float32Array];
  const y = Array.from(b, (v, u) => x.reduce((sum, xi, k) => sum + xi * w[u * x.length + k], v));
  return attrs.activation === 'relu' ? y.map((v) => Math.max(0, v)) : y;
}

export const largest = (y: readonly number[]): number => y.indexOf(Math.max(...y));

export interface Case {
  readonly graph: Graph;
  /** By input. */
  readonly x: Readonly<Record<string, ArrayInput>>;
  readonly y: Float32Array | Int32Array;
}

/** Labels of all examples by what the graph answers. */
function labelled(graph: Graph, x: Case['x'], count: number, label: (answers: number[][], i: number) => number): number[] {
  const inputs = Object.values(x);
  const width = ({ shape }: ArrayInput) => shape[1];
  return Array.from({ length: count }, (_, i) =>
    label(
      answer(
        graph,
        inputs.map((input) => row(input.x as Float32Array, width(input), i)),
      ),
      i,
    ),
  );
}

/** Of every 50 examples one has another class. */
const changed = (label: number, classes: number, i: number): number => (i % 50 === 7 ? (label + 1) % classes : label);

/** Share of right answers of a case whose labels were `changed`. */
export const RIGHT = 0.98;
export const COUNT = 600;

/** As many inputs as classes: three colour values, three fruits. */
export function fruit(softmax = true): Case {
  const net = buildNetwork('fruit', [3], 3, 'x');
  const y = net.dense(net.dense(net.input, 16, { activation: 'relu' }), 3);
  const graph = net.finish(softmax ? net.softmax(y) : y);
  const x = { x: { x: rows(COUNT, 3, 'fruit'), shape: [COUNT, 3] } };
  return { graph, x, y: Int32Array.from(labelled(graph, x, COUNT, ([a], i) => changed(largest(a), 3, i))) };
}

/** 192 examples, 180 of them of one class, as a rule split: 134 to train, 19 to validate. */
export async function imbalanced() {
  const net = buildNetwork('imbalanced', [4], 3, 'x');
  const graph = net.finish(net.softmax(net.dense(net.dense(net.input, 32, { activation: 'relu' }), 3)));
  const drawn = rows(2000, 4, 'imbalanced');
  const room = [180, 6, 6];
  const taken = Array.from({ length: 2000 }, (_, i) => row(drawn, 4, i)).flatMap((x) => {
    const y = largest(answer(graph, [x])[0]);
    return room[y]-- > 0 ? [{ x, y }] : [];
  });
  const shape = [taken.length, 4] as const;
  const x = Float32Array.from(taken.flatMap((e) => e.x));
  return { graph, data: await loadDataset({ x, y: Int32Array.from(taken, (e) => e.y), shape }) };
}

/** Two inputs of different width. */
export function twoInputs(): Case {
  const net = buildNetwork('two-in', [6], 5, 'accel');
  const press = net.addInput('press', [4]);
  const y = net.dense(net.dense(net.concat([net.input, press]), 16, { activation: 'relu' }), 4);
  const graph = net.finish(net.softmax(y));
  const x = {
    accel: { x: rows(COUNT, 6, 'accel'), shape: [COUNT, 6] },
    press: { x: rows(COUNT, 4, 'press'), shape: [COUNT, 4] },
  };
  return { graph, x, y: Int32Array.from(labelled(graph, x, COUNT, ([a], i) => changed(largest(a), 4, i))) };
}

/** A head of sixteen sigmoids before the one that classifies. */
export function twoOutputs(): Case {
  const net = buildNetwork('two-out', [10], 4, 'x');
  const body = net.dense(net.input, 16, { activation: 'relu' });
  const graph = net.finish(net.sigmoid(body), net.softmax(net.dense(body, 3)));
  const x = { x: { x: rows(COUNT, 10, 'two-out'), shape: [COUNT, 10] } };
  return { graph, x, y: Int32Array.from(labelled(graph, x, COUNT, ([, a], i) => changed(largest(a), 3, i))) };
}

/** How far sensors are from numbers around 0, by feature: value = scale * number + offset. */
export interface Units {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** The same case as a user has it whose sensors give their own units: the first layer takes the units back. */
export function inUnits(made: Case, units: Readonly<Record<string, Units>>): Case {
  const { graph } = made;
  const dense = graph.nodes.find((n) => n.op === 'fullyConnected')!;
  const of = graph.inputs.flatMap((t): (readonly [number, number])[] => {
    const { name, shape } = graph.tensors[t];
    const { scale, offset } = units[name] ?? { scale: [1], offset: [0] };
    return Array.from({ length: shape[1] }, (_, c) => [scale[c % scale.length], offset[c % offset.length]] as const);
  });
  const [, w, b] = dense.inputs;
  const bias = Float64Array.from(graph.tensors[b].data as Float32Array);
  const weights = (graph.tensors[w].data as Float32Array).map((v, i) => {
    const [scale, offset] = of[i % of.length];
    bias[Math.floor(i / of.length)] -= (v * offset) / scale;
    return v / scale;
  });
  const data = (i: number) => (i === w ? weights : i === b ? Float32Array.from(bias) : null);
  const tensors = graph.tensors.map((t, i) => ({ ...t, data: data(i) ?? t.data }));
  const x = Object.entries(made.x).map(([name, input]) => {
    const { scale, offset } = units[name] ?? { scale: [1], offset: [0] };
    const turned = (input.x as Float32Array).map((v, i) => {
      const c = i % input.shape[1];
      return scale[c % scale.length] * v + offset[c % offset.length];
    });
    return [name, { ...input, x: turned }] as const;
  });
  return { ...made, graph: { ...graph, tensors }, x: Object.fromEntries(x) };
}

/** Acceleration in g beside a rate in degrees per second and a pressure in pascals, in one input. */
export function sensors(units = true): Case {
  const net = buildNetwork('sensors', [6], 17, 'x');
  const y = net.dense(net.dense(net.input, 24, { activation: 'relu' }), 3);
  const graph = net.finish(net.softmax(y));
  const x = { x: { x: rows(COUNT, 6, 'sensors'), shape: [COUNT, 6] } };
  const made = { graph, x, y: Int32Array.from(labelled(graph, x, COUNT, ([a]) => largest(a))) };
  return units ? inUnits(made, { x: { scale: [1, 1, 1, 1, 90, 250], offset: [0, 0, 0, 0, 0, 101325] } }) : made;
}

/** Acceleration beside an input of pressures in hectopascals, joined. */
export const joinedUnits = (): Case => inUnits(twoInputs(), { press: { scale: [30], offset: [900] } });

/** One output, a sigmoid or a logit. */
export function binary(sigmoid = true): Case {
  const net = buildNetwork('binary', [10], 6, 'x');
  const logit = net.dense(net.dense(net.input, 32, { activation: 'relu' }), 1);
  const graph = net.finish(sigmoid ? net.sigmoid(logit) : logit);
  const x = { x: { x: rows(COUNT, 10, 'binary'), shape: [COUNT, 10] } };
  const yes = (v: number) => (v > (sigmoid ? 0.5 : 0) ? 1 : 0);
  return { graph, x, y: Int32Array.from(labelled(graph, x, COUNT, ([[v]], i) => changed(yes(v), 2, i))) };
}

/** So far every label lies from the answer. */
export const OFF = 0.25;

/** Values, each off by the same amount. */
export function regression(width: number): Case {
  const net = buildNetwork('regression', [5], 8, 'x');
  const graph = net.finish(net.dense(net.dense(net.input, 16, { activation: 'relu' }), width));
  const x = { x: { x: rows(COUNT, 5, 'regression'), shape: [COUNT, 5] } };
  const y = Array.from({ length: COUNT }, (_, i) => answer(graph, [row(x.x.x, 5, i)])[0].map((v) => v + (i % 2 ? OFF : -OFF)));
  return { graph, x, y: Float32Array.from(y.flat()) };
}

/** Five labels at once; of every 50 examples one has its first label turned. */
export function multilabel(): Case {
  const net = buildNetwork('multilabel', [8], 9, 'x');
  const graph = net.finish(net.sigmoid(net.dense(net.dense(net.input, 24, { activation: 'relu' }), 5)));
  const x = { x: { x: rows(COUNT, 8, 'multilabel'), shape: [COUNT, 8] } };
  const y = Array.from({ length: COUNT }, (_, i) =>
    answer(graph, [row(x.x.x, 8, i)])[0].map((v, k) => (v > 0.5 !== (k === 0 && i % 50 === 7) ? 1 : 0)),
  );
  return { graph, x, y: Int32Array.from(y.flat()) };
}

/** As the library takes it. */
export const sourceOf = ({ x, y }: Case): ArraySource => ({ inputs: x, y });

export const datasetOf = (made: Case, options: DataOptions = { whole: true }): Promise<Dataset> =>
  loadDataset(sourceOf(made), options);
