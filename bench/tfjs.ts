import { createRequire } from 'node:module';
import { type Graph, type Node, sizeOf, type Tensor } from '../src/graph/graph.ts';

/** What is used of `@tensorflow/tfjs`, which has its package.json under bench/. */
interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: ArrayLike<number>, shape: readonly number[], dtype?: 'float32' | 'int32'): Value;
  variable(value: Value): Value;
  train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): { minimize(f: () => Value, cost: true): Value } };
  conv2d(x: Value, w: Value, strides: readonly number[], pad: unknown): Value;
  depthwiseConv2d(x: Value, w: Value, strides: readonly number[], pad: unknown): Value;
  avgPool(x: Value, filter: readonly number[], strides: readonly number[], pad: unknown): Value;
  matMul(a: Value, b: Value): Value;
  add(a: Value, b: Value): Value;
  relu(x: Value): Value;
  relu6(x: Value): Value;
  transpose(x: Value, perm: readonly number[]): Value;
  oneHot(labels: Value, classes: number): Value;
  losses: {
    softmaxCrossEntropy(labels: Value, logits: Value): Value;
    meanSquaredError(labels: Value, predictions: Value): Value;
  };
}

interface Value {
  readonly shape: readonly number[];
  reshape(shape: readonly number[]): Value;
  dataSync(): Float32Array;
  dispose(): void;
}

export interface Batch {
  readonly inputs: Float32Array;
  /** Empty for networks that learn their input. */
  readonly labels: readonly number[];
  readonly size: number;
  readonly rate: number;
}

/** A training step of tfjs on one of its backends: each call makes one and returns the mean loss before it. Throws where the backend cannot. */
export async function tfjsStep(backend: 'cpu' | 'wasm', graph: Graph, batch: Batch): Promise<() => number> {
  const require = createRequire(new URL('./package.json', import.meta.url));
  const tf = require('@tensorflow/tfjs') as Tf;
  if (backend === 'wasm') {
    const wasm = require('@tensorflow/tfjs-backend-wasm') as {
      setWasmPaths(path: string): void;
      setThreadsCount(n: number): void;
    };
    wasm.setWasmPaths(require.resolve('@tensorflow/tfjs-backend-wasm').replace(/[^/]+$/, ''));
    wasm.setThreadsCount(1);
  }
  await tf.setBackend(backend);
  await tf.ready();
  const shape = [batch.size, ...graph.tensors[graph.inputs[0]].shape.slice(1)];
  const x = tf.tensor(batch.inputs, shape);
  const variables = new Map(
    graph.tensors.flatMap((t, i): [number, Value][] => (t.data ? [[i, variableOf(tf, graph, t, i)]] : [])),
  );
  const optimizer = tf.train.adam(batch.rate, 0.9, 0.999, 1e-8);
  const answer = () => {
    const values = new Map<number, Value>([...variables, [graph.inputs[0], x]]);
    for (const node of graph.nodes)
      values.set(
        node.outputs[0],
        run(tf, graph, node, (place) => values.get(node.inputs[place])!),
      );
    return values.get(graph.outputs[0])!;
  };
  const classes = sizeOf(graph.tensors[graph.outputs[0]].shape.slice(1));
  const labels = batch.labels.length ? tf.oneHot(tf.tensor(batch.labels, [batch.size], 'int32'), classes) : null;
  return () => {
    const loss = optimizer.minimize(
      () => (labels ? tf.losses.softmaxCrossEntropy(labels, answer()) : tf.losses.meanSquaredError(x, answer())),
      true,
    );
    const [value] = loss.dataSync();
    loss.dispose();
    return value;
  };
}

/** Weights in tfjs's order: convolutions [h, w, in, out], depthwise [h, w, in, multiplier], dense [in, out]. */
function variableOf(tf: Tf, graph: Graph, { data, shape }: Tensor, place: number): Value {
  const value = tf.tensor(data as Float32Array, shape);
  const reader = graph.nodes.find((n) => n.inputs[1] === place);
  if (reader?.op === 'conv2d') return tf.variable(tf.transpose(value, [1, 2, 3, 0]));
  if (reader?.op === 'fullyConnected') return tf.variable(tf.transpose(value, [1, 0]));
  if (reader?.op === 'depthwiseConv2d') {
    const channels = graph.tensors[reader.inputs[0]].shape[3];
    return tf.variable(value.reshape([shape[1], shape[2], channels, shape[3] / channels]));
  }
  return tf.variable(value);
}

function run(tf: Tf, graph: Graph, { op, attrs, inputs, outputs }: Node, at: (place: number) => Value): Value {
  const { stride = [1, 1], padding, filter = [1, 1], activation } = attrs as unknown as Window;
  const pad =
    typeof padding === 'object'
      ? [
          [0, 0],
          [padding.top, padding.bottom],
          [padding.left, padding.right],
          [0, 0],
        ]
      : padding;
  const finished = (y: Value) => activated(tf, inputs[2] >= 0 ? tf.add(y, at(2)) : y, activation);
  switch (op) {
    case 'conv2d':
      return finished(tf.conv2d(at(0), at(1), stride, pad));
    case 'depthwiseConv2d':
      return finished(tf.depthwiseConv2d(at(0), at(1), stride, pad));
    case 'fullyConnected':
      return finished(tf.matMul(at(0).reshape([at(0).shape[0], at(1).shape[0]]), at(1)));
    case 'add':
      return activated(tf, tf.add(at(0), at(1)), activation);
    case 'avgPool2d':
      return tf.avgPool(at(0), filter, stride, pad);
    case 'reshape':
      return at(0).reshape([at(0).shape[0], ...graph.tensors[outputs[0]].shape.slice(1)]);
    case 'relu':
      return tf.relu(at(0));
    default:
      throw new Error(`${op} is not built for tfjs`);
  }
}

interface Window {
  readonly stride?: readonly [number, number];
  readonly filter?: readonly [number, number];
  readonly padding?:
    | 'same'
    | 'valid'
    | { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
  readonly activation?: string;
}

function activated(tf: Tf, y: Value, activation: string | undefined): Value {
  if (activation === 'relu') return tf.relu(y);
  return activation === 'relu6' ? tf.relu6(y) : y;
}
