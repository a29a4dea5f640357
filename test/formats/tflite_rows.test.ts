/** Every operator through a file: what is read again computes the same. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { FlatFile } from '../../src/formats/tflite/flat.ts';
import { exportTflite, importTflite } from '../../src/formats/tflite/index.ts';
import { IDENTIFIER, MODEL, OPERATOR_CODE, OPTIONS } from '../../src/formats/tflite/schema.ts';
import { type DType, type Graph, newValues, type Quantization, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { type AnyRow, OPS, type Shape } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import { findProblem } from '../../src/run/verify.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { SAMPLES, type Sample } from '../ops/definitions.ts';

const heap = await Heap.open();

const hidden = [4, 3];
const gates = (shape: Shape) => [shape, shape, shape, shape];
const q8: Quantization = { bits: 8, scales: [0.0625], zeros: [3], axis: null };
const q16: Quantization = { bits: 16, scales: [0.03125], zeros: [0], axis: null };

/** Operators without a float form. */
const INTEGER: Readonly<Record<string, readonly Sample[]>> = {
  quantize: [{ shapes: [[1, 3, 4, 2]], attrs: {} }],
  dequantize: [{ shapes: [[1, 3, 4, 2]], attrs: {} }],
  svdf: [{ shapes: [[1, 6], [4, 6], [4, 5], [2], [1, 20]], attrs: { rank: 2, activation: 'relu' } }],
  lstm: [
    {
      shapes: [[1, 5, 3], ...gates(hidden), ...gates([4, 4]), null, null, null, ...gates([4]), null, null, [1, 4], [1, 4]],
      attrs: { timeMajor: false, cellClip: 10, intermediates: [q16, q16, q16, q16, q8] },
    },
  ],
};

/** Operands of these operators that keep their values from call to call. */
const STATE: Readonly<Record<string, readonly number[]>> = { svdf: [4], lstm: [18, 19] };
const WEIGHTS: Readonly<Record<string, readonly number[]>> = { svdf: [1, 2, 3], lstm: [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 15] };

function graphOf(op: string, row: AnyRow, { shapes, attrs }: Sample, dtype: DType): Graph {
  const random = createRandom(1, `test/rows/${op}`);
  const tensors: Tensor[] = [];
  const inputs: number[] = [];
  const add = (shape: Shape, type: DType, constant: boolean, variable = false): number => {
    const bits = ({ i8: 8, i16: 16, i32: 32, i64: 64 } as const)[type as 'i8'];
    const quant = bits
      ? { bits, scales: [Math.fround(0.02 + 0.01 * random.uniform())], zeros: [type === 'i8' && !constant ? 5 : 0], axis: null }
      : null;
    const data = constant ? newValues(type, sizeOf(shape)) : null;
    data?.forEach((_: unknown, i: number) => {
      const v = random.below(100) - 50;
      if (data instanceof BigInt64Array) data[i] = BigInt(v);
      else data[i] = type === 'f32' ? v / 32 : v;
    });
    const place =
      tensors.push({ name: `t${tensors.length}`, shape, dtype: type, data, quant, ...(variable ? { variable } : {}) }) - 1;
    if (!constant && !variable) inputs.push(place);
    return place;
  };
  const constants = WEIGHTS[op] ?? row.trainable;
  const operands = shapes.map((shape, i) => {
    if (!shape) return -1;
    const isConstant = constants.includes(i);
    if (dtype === 'f32') return add(shape, 'f32', isConstant);
    const isBias = isConstant && shape.length === 1;
    const type = isBias
      ? dtype === 'i16'
        ? 'i64'
        : 'i32'
      : isConstant || (op === 'lstm' && i === 18)
        ? 'i8'
        : STATE[op]?.includes(i)
          ? 'i16'
          : dtype;
    return add(shape, type, isConstant, STATE[op]?.includes(i));
  });
  const made = op === 'dequantize' ? 'f32' : dtype;
  const quant = made === 'f32' ? null : tensors[0].quant;
  const outputs = row
    .infer(shapes, attrs)
    .map((shape) => tensors.push({ name: `y${tensors.length}`, shape, dtype: made, data: null, quant }) - 1);
  const name = tensors[outputs[0]].name;
  return { name: op, tensors, nodes: [{ name, op, inputs: operands, outputs, attrs }], inputs, outputs };
}

function run(graph: Graph) {
  return heap.scope(() => {
    const program = compile(heap, graph, { keepAll: true });
    const random = createRandom(2, 'test/rows/run');
    for (const x of program.inputs) {
      heap.write(
        x,
        Float64Array.from({ length: sizeOf(x.shape) }, () =>
          x.dtype === 'f32' ? random.uniform() - 0.5 : random.below(200) - 100,
        ),
      );
    }
    program.run();
    return program.outputs.map((y) => heap.read(y));
  });
}

for (const [op, row] of Object.entries(OPS)) {
  if (!row.tflite) continue;
  const samples = SAMPLES[op] ?? INTEGER[op];
  test(`${op}: has samples and its options are known`, () => {
    assert.ok(samples?.length);
    for (const code of row.tflite!.codes) assert.ok(OPTIONS[code], `options of code ${code}`);
  });
  samples?.forEach((sample, i) => {
    for (const dtype of ['f32', 'i8', 'i16'] as const) {
      if (op in INTEGER && dtype !== 'i8') continue;
      test(`${op}, sample ${i}, ${dtype}: written and read again, it computes the same`, () => {
        const graph = graphOf(op, row, sample, dtype);
        assert.is(findProblem(graph), null);
        let bytes: Uint8Array;
        try {
          bytes = exportTflite(graph);
        } catch (e) {
          // pools with padding by sides: TFLite has no word for it
          assert.instance(e, CompressError);
          assert.is(typeof sample.attrs.padding, 'object');
          return;
        }
        const again = importTflite(bytes);
        assert.equal(importTflite(exportTflite(again)), again);
        assert.equal(
          again.outputs.map((t) => again.tensors[t]),
          graph.outputs.map((t) => graph.tensors[t]),
        );
        const runs = dtype === 'f32' ? row.float : row.integer;
        if (runs) {
          try {
            assert.equal(run(again), run(graph));
          } catch (e) {
            if (!(e instanceof CompressError) || e.code !== 'unsupported') throw e;
          }
        }
        const version = new FlatFile(bytes).root(IDENTIFIER).tables(MODEL.operatorCodes)[0].i32(OPERATOR_CODE.version, 1);
        assert.ok(version >= 1 && version <= 11);
      });
    }
  });
}

test.run();
