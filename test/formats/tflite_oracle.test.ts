/** Every operator's file in genuine TensorFlow Lite: float within rounding, int8 within one step. Skipped where the oracle is not installed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { type Graph, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { skipped } from '../skipped.ts';
import { graphOf, isWritable, samplesOf } from './row_graphs.ts';
import { openOracle, oracleFolder } from './tflite_oracle.ts';

const CALLS = 3;

/** Operators of numbers above 0 alone. */
const POSITIVE: ReadonlySet<string> = new Set(['sqrt', 'rsqrt']);

/** What this build of TensorFlow Lite refuses, by its own words: where a newer one takes it, it can be compared. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'transposeConv2d, sample 1, f32': /'TRANSPOSE_CONV' version '4'/,
  'transposeConv2d, sample 1, i8': /'TRANSPOSE_CONV' version '4'/,
  'transposeConv2d, sample 2, f32': /'TRANSPOSE_CONV' version '4'/,
  'transposeConv2d, sample 2, i8': /'TRANSPOSE_CONV' version '4'/,
  // The scale of its bias is at random.
  'fullyConnected, sample 0, i8': /scale_diff/,
  'elu, sample 0, i8': /'ELU' version '2'/,
  'elu, sample 1, i8': /'ELU' version '2'/,
  'elu, sample 2, i8': /'ELU' version '2'/,
  'exp, sample 0, i8': /'EXP' version '2'/,
  'exp, sample 1, i8': /'EXP' version '2'/,
  'exp, sample 2, i8': /'EXP' version '2'/,
};

/** What it takes and cannot be compared, and why. */
const BEYOND: Readonly<Record<string, string>> = {
  'svdf, sample 0, i8': 'the sample has scales at random, which overflow its state',
  'lstm, sample 0, i8': 'it crashes on the sample',
};

/**
 * Where all have one scale, TensorFlow Lite adds the integers of a SUM as they are, zero points and all, and it does not clamp: so the sum
 * gets a scale of its own that holds it.
 */
function withOwnScale(graph: Graph): Graph {
  const { tensors, inputs, outputs } = graph;
  const times = sizeOf(tensors[inputs[0]].shape) / sizeOf(tensors[outputs[0]].shape);
  const wider = ({ quant, ...t }: Tensor): Tensor => ({
    ...t,
    quant: quant && { ...quant, scales: quant.scales.map((s) => Math.fround(times * s)) },
  });
  return { ...graph, tensors: tensors.map((t, i) => (outputs.includes(i) ? wider(t) : t)) };
}

/** Inputs of some calls, one after another, and the outputs of the last. */
function inputsOf(graph: Graph): number[][] {
  const random = createRandom(3, `test/oracle/${graph.name}`);
  return graph.inputs.map((t) => {
    const { dtype, shape } = graph.tensors[t];
    const number = () => (dtype === 'f32' ? 4 * random.uniform() - 2 : random.below(256) - 128);
    const positive = () => (dtype === 'f32' ? 0.1 + 4 * random.uniform() : 6 + random.below(122));
    return Array.from({ length: sizeOf(shape) }, POSITIVE.has(graph.name) ? positive : number);
  });
}

function ours(heap: Heap, graph: Graph, calls: readonly number[][][]): number[][] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    for (const values of calls) {
      program.inputs.forEach((x, i) => {
        heap.write(x, Float64Array.from(values[i]));
      });
      program.run();
    }
    return program.outputs.map((y) => Array.from(heap.read(y), Number));
  });
}

const folder = oracleFolder();
if (!folder) skipped('genuine TensorFlow Lite: @tensorflow/tfjs-tflite is not installed (npm ci in bench/)');
else {
  const load = await openOracle(folder);
  const heap = await Heap.open();
  for (const [op, row] of Object.entries(OPS)) {
    if (!row.tflite) continue;
    samplesOf(op).forEach((sample, i) => {
      for (const dtype of ['f32', 'i8'] as const) {
        if (!isWritable(op, sample) || (dtype === 'f32' ? !row.float || ['quantize', 'dequantize'].includes(op) : !row.lower))
          continue;
        const name = `${op}, sample ${i}, ${dtype}`;
        if (BEYOND[name]) {
          skipped(`${name}: ${BEYOND[name]}`);
          continue;
        }
        if (REFUSED[name]) {
          test(`${name}: refused`, () => assert.throws(() => load(exportTflite(graphOf(op, sample, dtype))), REFUSED[name]));
          continue;
        }
        test(name, () => {
          const made = graphOf(op, sample, dtype);
          const graph = op === 'sum' ? withOwnScale(made) : made;
          const calls = Array.from({ length: CALLS }, () => inputsOf(graph));
          const model = load(exportTflite(graph));
          const theirs = calls.map((values) => model.run(values)).at(-1)!;
          ours(heap, graph, calls).forEach((got, k) => {
            const wanted = Array.from(theirs[k], Number);
            assert.is(got.length, wanted.length);
            got.forEach((v, at) => {
              const apart = Math.abs(v - wanted[at]);
              const most = dtype === 'f32' ? 2e-5 * (1 + Math.abs(wanted[at])) : 1;
              assert.ok(apart <= most, `output ${k}, element ${at}: ${v}, TensorFlow Lite gives ${wanted[at]}`);
            });
          });
        });
      }
    });
  }
}

test.run();
