/** Dilated convolutions that a file deals out to a batch are read as what they are. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { type Graph, type Node, newValues, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { type AnyRow, OPS } from '../../src/ops/index.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { openOracle, oracleFolder } from './tflite_oracle.ts';

const heap = await Heap.open();

/** What of the rows the writer needs: operators of a file alone, which the table has not. */
const plainCell = (code: number) => ({
  ...OPS.reshape,
  tflite: {
    codes: [],
    read: () => ({ attrs: {}, inputs: [] }),
    write: ({ inputs }: { inputs: readonly number[] }) => ({ code, options: {}, inputs }),
  },
});

function written(graph: Graph): Uint8Array {
  const table = OPS as Record<string, AnyRow>;
  Object.assign(table, { spaceToBatch: plainCell(38), batchToSpace: plainCell(37) });
  try {
    return exportTflite(graph);
  } finally {
    delete table.spaceToBatch;
    delete table.batchToSpace;
  }
}

interface Case {
  readonly x: readonly number[];
  readonly block: readonly number[];
  readonly pads: readonly number[];
  readonly crops: readonly number[];
  readonly filter: readonly [number, number];
  readonly depthwise?: boolean;
}

/** x dealt out, convolved to 3 channels (or 2 for each) and put together; a line [n, t, c] becomes an image of one row in between. */
function dealt({ x, block, pads, crops, filter, depthwise }: Case): Graph {
  const tensors: Tensor[] = [];
  const nodes: Node[] = [];
  const add = (name: string, shape: readonly number[], values?: readonly number[], dtype: 'f32' | 'i32' = 'f32') => {
    const data = values ? newValues(dtype, values.length) : null;
    values?.forEach((v, i) => {
      (data as Float32Array)[i] = v;
    });
    return tensors.push({ name, shape, dtype, data, quant: null }) - 1;
  };
  const emit = (op: string, inputs: readonly number[], shape: readonly number[], attrs = {}) => {
    const y = add(`${op}${tensors.length}`, shape);
    nodes.push({ name: `${op}${y}`, op, inputs, outputs: [y], attrs });
    return y;
  };
  const noise = (n: number) => Array.from({ length: n }, (_, i) => (((7919 * i + 17) % 1000) - 500) / 500);
  const ints = (name: string, values: readonly number[], shape: readonly number[]) => add(name, shape, values, 'i32');
  const [n, c] = [x[0] * block.reduce((a, b) => a * b), x[x.length - 1]];
  const inner = block.map((b, i) => (x[1 + i] + pads[2 * i] + pads[2 * i + 1]) / b);
  const input = add('x', x);
  let t = emit(
    'spaceToBatch',
    [input, ints('block', block, [block.length]), ints('pads', pads, [block.length, 2])],
    [n, ...inner, c],
  );
  const image = inner.length === 1 ? [1, ...inner] : inner;
  if (inner.length === 1) t = emit('reshape', [t], [n, ...image, c], { shape: [n, ...image, c] });
  const units = depthwise ? 2 * c : 3;
  const wShape = depthwise ? [1, ...filter, units] : [units, ...filter, c];
  const attrs = {
    stride: [1, 1],
    padding: 'valid',
    activation: 'relu',
    dilation: [1, 1],
    ...(depthwise ? { multiplier: 2 } : {}),
  };
  const out = image.map((d, i) => d - filter[i] + 1);
  const w = add('w', wShape, noise(sizeOf(wShape)));
  t = emit(depthwise ? 'depthwiseConv2d' : 'conv2d', [t, w, add('b', [units], noise(units))], [n, ...out, units], attrs);
  const spaces = inner.length === 1 ? out.slice(1) : out;
  if (inner.length === 1) t = emit('reshape', [t], [n, ...spaces, units], { shape: [n, ...spaces, units] });
  const whole = spaces.map((d, i) => d * block[i] - crops[2 * i] - crops[2 * i + 1]);
  t = emit(
    'batchToSpace',
    [t, ints('block2', block, [block.length]), ints('crops', crops, [block.length, 2])],
    [x[0], ...whole, units],
  );
  return { name: 'dealt', tensors, nodes, inputs: [input], outputs: [t] };
}

const CASES: Readonly<Record<string, Case>> = {
  'same padding': { x: [1, 6, 8, 2], block: [2, 2], pads: [2, 2, 2, 2], crops: [0, 0, 0, 0], filter: [3, 3] },
  'same padding, sizes that do not divide': {
    x: [1, 7, 8, 2],
    block: [2, 3],
    pads: [2, 3, 3, 4],
    crops: [0, 1, 0, 1],
    filter: [3, 3],
  },
  'no padding, depthwise': {
    x: [1, 8, 8, 3],
    block: [2, 2],
    pads: [0, 0, 0, 0],
    crops: [0, 0, 0, 0],
    filter: [3, 2],
    depthwise: true,
  },
  'a causal line': { x: [1, 12, 4], block: [4], pads: [8, 0], crops: [0, 0], filter: [1, 3] },
};

const folder = oracleFolder();
const load = folder ? await openOracle(folder) : null;

for (const [name, sample] of Object.entries(CASES)) {
  test(`${name}: one convolution with dilation`, () => {
    const file = written(dealt(sample));
    const graph = importTflite(file);
    const layers = graph.nodes.filter((n) => n.op !== 'reshape');
    assert.is(layers.length, 1);
    const dilation = sample.block.length === 1 ? [1, ...sample.block] : sample.block;
    assert.equal(layers[0].attrs.dilation, dilation);
    const values = Array.from({ length: sizeOf(sample.x) }, (_, i) => ((i * 37) % 101) / 50 - 1);
    const got = heap.scope(() => {
      const program = compile(heap, graph);
      heap.write(program.inputs[0], values);
      program.run();
      return Array.from(heap.read(program.outputs[0]), Number);
    });
    assert.ok(new Set(got).size > 10);
    if (!load) return;
    const wanted = load(file).run([values])[0];
    got.forEach((v, i) => {
      assert.ok(Math.abs(v - wanted[i]) < 1e-5, `element ${i}: ${v}, TensorFlow Lite gives ${wanted[i]}`);
    });
  });
}

test('what is dealt out for something else is refused by name', () => {
  const graph = dealt(CASES['same padding']);
  const conv = graph.nodes[1];
  const relu: Node = { ...conv, op: 'relu', inputs: [conv.inputs[0]], attrs: {} };
  assert.throws(
    () => importTflite(written({ ...graph, nodes: graph.nodes.with(1, relu) })),
    (e: unknown) => e instanceof CompressError && e.code === 'unsupported' && /SPACE_TO_BATCH_ND/.test(e.message),
  );
});

test.run();
