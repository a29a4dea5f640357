/** Float LSTMs of TFLite files against their definition and genuine TensorFlow Lite; an ONNX file gets the operators they consist of. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readOnnx } from '../../src/formats/onnx/read.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { readTflite } from '../../src/formats/tflite/import.ts';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { openOracle, oracleFolder } from './tflite_oracle.ts';

const heap = await Heap.open();
const [TIME, DEPTH, HIDDEN] = [6, 3, 4];
const noise = (n: number, seed: number) =>
  Float32Array.from({ length: n }, (_, i) => (((7919 * (i + 31 * seed)) % 1000) - 500) / 400);

function lstmGraph(timeMajor: boolean, cellClip: number): Graph {
  const tensors: Tensor[] = [];
  const add = (name: string, shape: number[], more: Partial<Tensor> = {}) =>
    tensors.push({ name, shape, dtype: 'f32', data: null, quant: null, ...more }) - 1;
  const weights = (name: string, shape: number[], seed: number) =>
    add(name, shape, {
      data: noise(
        shape.reduce((a, b) => a * b),
        seed,
      ),
    });
  const sequence = (depth: number) => (timeMajor ? [TIME, 1, depth] : [1, TIME, depth]);
  const x = add('x', sequence(DEPTH));
  const four = (name: string, shape: number[], seed: number) => [0, 1, 2, 3].map((i) => weights(`${name}${i}`, shape, seed + i));
  const inputs = [
    ...[x, ...four('w', [HIDDEN, DEPTH], 1), ...four('u', [HIDDEN, HIDDEN], 5)],
    ...[-1, -1, -1, ...four('b', [HIDDEN], 9), -1, -1],
    ...['h', 'c'].map((name) => add(name, [1, HIDDEN], { variable: true })),
  ];
  const y = add('y', sequence(HIDDEN));
  const attrs = { timeMajor, cellClip, intermediates: [] };
  return { name: 'lstm', tensors, nodes: [{ name: 'y', op: 'lstm', inputs, outputs: [y], attrs }], inputs: [x], outputs: [y] };
}

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

/** The definition, in float64. */
function defined(graph: Graph, x: ArrayLike<number>, cellClip: number): number[] {
  const of = (place: number) => graph.tensors[graph.nodes[0].inputs[place]].data as Float32Array;
  let [h, c] = [new Array<number>(HIDDEN).fill(0), new Array<number>(HIDDEN).fill(0)];
  return Array.from({ length: TIME }, (_, t) => {
    const gates = [0, 1, 2, 3].map((g) =>
      h.map((_, u) => {
        let sum = of(12 + g)[u];
        for (let d = 0; d < DEPTH; d++) sum += of(1 + g)[u * DEPTH + d] * x[t * DEPTH + d];
        for (let d = 0; d < HIDDEN; d++) sum += of(5 + g)[u * HIDDEN + d] * h[d];
        return sum;
      }),
    );
    const [i, f, g, o] = gates;
    c = c.map((v, u) => sigmoid(f[u]) * v + sigmoid(i[u]) * Math.tanh(g[u]));
    if (cellClip) c = c.map((v) => Math.max(-cellClip, Math.min(cellClip, v)));
    h = c.map((v, u) => sigmoid(o[u]) * Math.tanh(v));
    return h;
  }).flat();
}

const folder = oracleFolder();
const load = folder ? await openOracle(folder) : null;

for (const timeMajor of [false, true]) {
  for (const cellClip of [0, 0.3]) {
    test(`${timeMajor ? 'time first' : 'batch first'}, cell clipped at ${cellClip}`, () => {
      const graph = lstmGraph(timeMajor, cellClip);
      const file = exportTflite(graph);
      const { graph: read, notes } = readTflite(file);
      assert.equal([read.nodes.map((n) => n.op), notes], [['lstm'], []]);
      assert.equal(exportTflite(read), file);
      const x = noise(TIME * DEPTH, 20);
      const wanted = defined(graph, x, cellClip);
      const program = compile(heap, read);
      for (let call = 0; call < 2; call++) {
        heap.write(program.inputs[0], x);
        program.reset();
        program.run();
        const got = heap.read(program.outputs[0]);
        wanted.forEach((v, i) => {
          assert.ok(Math.abs(Number(got[i]) - v) < 1e-5, `call ${call}, element ${i}: ${got[i]}, ${v} wanted`);
        });
      }
      if (!load) return;
      Array.from(load(file).run([x])[0], Number).forEach((v, i) => {
        assert.ok(Math.abs(v - wanted[i]) < 1e-4, `TensorFlow Lite gives ${v} where the definition gives ${wanted[i]}`);
      });
    });
  }
}

test('state is kept from call to call', () => {
  const graph = lstmGraph(false, 0);
  const x = noise(TIME * DEPTH, 20);
  const wanted = defined(graph, x, 0);
  const half = {
    ...graph,
    tensors: graph.tensors.map((t) => (t.shape[1] === TIME ? { ...t, shape: [1, TIME / 2, t.shape[2]] } : t)),
  };
  const program = compile(heap, half);
  const got = [0, 1].flatMap((call) => {
    heap.write(program.inputs[0], x.subarray((call * TIME * DEPTH) / 2, ((call + 1) * TIME * DEPTH) / 2));
    program.run();
    return Array.from(heap.read(program.outputs[0]), Number);
  });
  wanted.forEach((v, i) => void assert.ok(Math.abs(got[i] - v) < 1e-5, `element ${i}: ${got[i]}, ${v} wanted`));
});

test('an ONNX file has the operators that it consists of', () => {
  const graph = lstmGraph(false, 0.3);
  const { bytes, notes } = writeOnnx(graph);
  assert.equal(notes, ['the state of the LSTM "y" begins each call with zeros, as after ResetVariableTensors()']);
  const { graph: read } = readOnnx(bytes, {}) as { graph: Graph };
  const x = noise(TIME * DEPTH, 20);
  const program = compile(heap, read);
  heap.write(program.inputs[0], x);
  program.run();
  const got = heap.read(program.outputs[0]);
  defined(graph, x, 0.3).forEach((v, i) => void assert.ok(Math.abs(Number(got[i]) - v) < 1e-5, `element ${i}`));
});

test.run();
