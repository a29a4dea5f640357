/** What a file says beside the network: kept while it is true; what is not used is named. */
import { unzipSync } from 'fflate';
import { Builder } from 'flatbuffers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../../src/demo/gestures.ts';
import { demoModel } from '../../src/demo/model.ts';
import { distill } from '../../src/distill/index.ts';
import type { CompressError } from '../../src/errors.ts';
import { exportTflite, writeTflite } from '../../src/formats/tflite/export.ts';
import { FlatFile } from '../../src/formats/tflite/flat.ts';
import { writeBytes, writeInts, writeOffsets, writeTable } from '../../src/formats/tflite/flat_write.ts';
import { readTflite } from '../../src/formats/tflite/import.ts';
import { importTflite, tflite } from '../../src/formats/tflite/index.ts';
import {
  BUFFER,
  CUSTOM,
  IDENTIFIER,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  SUBGRAPH,
  TENSOR,
  VERSION,
} from '../../src/formats/tflite/schema.ts';
import type { Attachments, Graph, Tensor } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

const plain = importTflite(await demoModel());
const text = (s: string) => new TextEncoder().encode(s);

const attachments: Attachments = {
  ...plain.attachments!,
  description: 'gestures of a wrist',
  signatures: [{ key: 'serving_default', inputs: [['acceleration', 0]], outputs: [['gesture', 0]] }],
  metadata: ['TFLITE_METADATA', 'min_runtime_version', 'CONVERSION_METADATA', 'OfflineMemoryAllocation', 'our_version'].map(
    (name) => ({
      name,
      bytes: text(`${name} says`),
    }),
  ),
  files: { 'labels.txt': text('rest\nwave\n'), 'more.txt': text('more') },
  anyBatch: true,
};
const graph: Graph = { ...plain, attachments };
const names = (a: Attachments | undefined) => a?.metadata.map((m) => m.name);

test('signatures, metadata, description and files are written into the next file', async () => {
  const { bytes, notes } = writeTflite(graph);
  const again = (await tflite.read(bytes, {})).graph;
  const { metadata, ...others } = attachments;
  const kept = metadata.filter((m) => m.name !== 'OfflineMemoryAllocation');
  assert.equal(again.attachments, { ...others, metadata: kept });
  assert.equal(notes.length, 1);
  assert.match(notes[0], /OfflineMemoryAllocation.*no longer true/);
  assert.equal(unzipSync(bytes), { ...attachments.files });
  assert.equal(exportTflite(again), bytes);
});

test('every tensor says that its first dimension may be of any size', () => {
  const [main] = new FlatFile(exportTflite(graph)).root(IDENTIFIER).tables(MODEL.subgraphs);
  for (const t of main.tables(SUBGRAPH.tensors)) {
    const shape = t.i32s(TENSOR.shape);
    const any = t.i32s(TENSOR.shapeSignature);
    if (t.u32(TENSOR.buffer)) assert.equal(any, []);
    else assert.equal(any, [-1, ...shape.slice(1)]);
  }
});

test('stages keep what stays true: the interface with other weights, signatures with other types', async () => {
  const model = await loadModel(exportTflite(graph));
  const context = { heap: await Heap.open(), data: gestures(), seed: 0, original: model };
  const after = async (...stages: Parameters<typeof runPipeline>[1]) =>
    writeTflite(asStored(await runPipeline(model, stages, context)));
  const pruned = await after(prune({ ratio: 0.3 }));
  assert.equal(names(importTflite(pruned.bytes).attachments), [
    'TFLITE_METADATA',
    'min_runtime_version',
    'CONVERSION_METADATA',
    'our_version',
  ]);
  assert.equal(pruned.notes, []);
  const quantized = await after(quantize({ examples: 32 }));
  const left = importTflite(quantized.bytes).attachments!;
  assert.equal(names(left), ['our_version']);
  assert.is(quantized.notes.length, 3);
  assert.equal(left.signatures, attachments.signatures);
  const student = importTflite((await after(distill({ epochs: 0.1, width: 0.5 }))).bytes);
  assert.equal(student.attachments!.signatures, attachments.signatures);
  const edged = await loadModel(exportTflite(asStored(await runPipeline(model, [quantize({ examples: 32 })], context), 'uint8')));
  assert.equal(importTflite(exportTflite(asStored(edged))).attachments!.signatures, attachments.signatures);
});

test('operators, constants and inputs that nothing needs are named', () => {
  const [x] = plain.inputs;
  const n = plain.tensors.length;
  const { shape } = plain.tensors[x];
  const made = (name: string, data: Float32Array | null = null) => ({
    name,
    shape: data ? [3] : shape,
    dtype: 'f32' as const,
    data,
    quant: null,
  });
  const more: Graph = {
    ...plain,
    tensors: [...plain.tensors, made('dead'), made('loose', new Float32Array(3)), made('unread')],
    nodes: [...plain.nodes, { name: 'dead', op: 'relu', inputs: [x], outputs: [n], attrs: {} }],
    inputs: [x, n + 2],
  };
  const { notes, graph: read } = readTflite(exportTflite(more));
  assert.equal(notes, [
    '1 operator (RELU "dead") that no output needs: left out',
    '1 input ("unread") that no output depends on: its values change nothing: stays',
    '1 constant ("loose") of 12 bytes together that no operator uses: left out',
  ]);
  assert.is(read.inputs.length, 2);
  assert.is(read.nodes.length, plain.nodes.length);
});

/** A file of one graph, x -> y by one operator, and what else `parts` adds. */
function fileOf(code: number, custom: string, graphs = 1, looseBytes = 0): Uint8Array {
  const b = new Builder(1024);
  const buffers = [writeTable(b, {})];
  if (looseBytes) buffers.push(writeTable(b, { [BUFFER.data]: ['offset', writeBytes(b, new Uint8Array(looseBytes))] }));
  const tensor = (name: string) => {
    const shape = writeInts(b, [1, 4]);
    return writeTable(b, { [TENSOR.shape]: ['offset', shape], [TENSOR.name]: ['offset', b.createString(name)] });
  };
  const graphOf = (name: string) => {
    const tensors = writeOffsets(b, [tensor('x'), tensor('y')]);
    const operator = writeTable(b, {
      [OPERATOR.inputs]: ['offset', writeInts(b, [0])],
      [OPERATOR.outputs]: ['offset', writeInts(b, [1])],
    });
    return writeTable(b, {
      [SUBGRAPH.tensors]: ['offset', tensors],
      [SUBGRAPH.inputs]: ['offset', writeInts(b, [0])],
      [SUBGRAPH.outputs]: ['offset', writeInts(b, [1])],
      [SUBGRAPH.operators]: ['offset', writeOffsets(b, [operator])],
      [SUBGRAPH.name]: ['offset', b.createString(name)],
    });
  };
  const subgraphs = Array.from({ length: graphs }, (_, i) => graphOf(['main', 'other'][i]));
  const codes = writeTable(b, {
    [OPERATOR_CODE.shortCode]: ['i8', code],
    [OPERATOR_CODE.code]: ['i32', code],
    [OPERATOR_CODE.customCode]: ['offset', custom ? b.createString(custom) : 0],
  });
  const model = writeTable(b, {
    [MODEL.version]: ['i32', VERSION],
    [MODEL.buffers]: ['offset', writeOffsets(b, buffers)],
    [MODEL.subgraphs]: ['offset', writeOffsets(b, subgraphs)],
    [MODEL.operatorCodes]: ['offset', writeOffsets(b, [codes])],
  });
  b.finish(model, IDENTIFIER);
  return b.asUint8Array().slice();
}

test('other graphs and buffers of the file are named', () => {
  assert.equal(readTflite(fileOf(19, '')).notes, []);
  assert.equal(readTflite(fileOf(19, '', 2, 100)).notes, [
    '1 further graph ("other") beside the first: left out',
    '1 buffer (1: 100 bytes) that no tensor names: left out',
  ]);
});

test('compiled models are named as that, with the way out', () => {
  const refused = (custom: string, what: RegExp, fix: RegExp) =>
    assert.throws(
      () => importTflite(fileOf(CUSTOM, custom)),
      (e: CompressError) => e.code === 'unsupported' && what.test(e.what) && fix.test(e.fix),
    );
  refused('ethos-u', /Vela.*Ethos-U/, /\.tflite that Vela was given/);
  refused('edgetpu-custom-op', /Edge TPU/, /edgetpu_compiler was given/);
  refused('FlexErf', /FlexErf.*TensorFlow/, /TFLITE_BUILTINS/);
  refused('mine', /mine.*custom operator/, /without it/);
});

test('a hybrid file says that its weights become floats, and how many bytes that is', () => {
  const quant = { bits: 8, scales: [0.5], zeros: [0], axis: null } as const;
  const tensor = (name: string, shape: number[], data: Float32Array | null = null): Tensor => ({
    name,
    shape,
    dtype: 'f32',
    data,
    quant: null,
  });
  const graph: Graph = {
    name: 'hybrid',
    tensors: [
      tensor('x', [1, 4]),
      { name: 'w', shape: [3, 4], dtype: 'i8', data: Int8Array.from({ length: 12 }, (_, i) => i), quant },
      tensor('b', [3], new Float32Array(3)),
      tensor('y', [1, 3]),
    ],
    nodes: [{ op: 'fullyConnected', name: 'y', inputs: [0, 1, 2], outputs: [3], attrs: { activation: 'none', keepDims: false } }],
    inputs: [0],
    outputs: [3],
  };
  const { notes, graph: read } = readTflite(exportTflite(graph));
  assert.match(
    notes.join(),
    /hybrid \(dynamic range\) model, one tensor of integer weights .*, 12 bytes: they are read as floats, 48 bytes/,
  );
  assert.is(read.tensors.find((t) => t.name === 'w')!.dtype, 'f32');
  assert.equal(readTflite(exportTflite(read)).notes, []);
});

test.run();
