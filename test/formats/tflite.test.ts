import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel } from '../../src/demo/model.ts';
import { CompressError } from '../../src/errors.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { FlatFile } from '../../src/formats/tflite/flat.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { BUFFER, IDENTIFIER, MODEL, OPERATOR_CODE } from '../../src/formats/tflite/schema.ts';
import { withTensors } from '../../src/graph/graph.ts';
import { createRandom } from '../../src/random.ts';
import { findProblem } from '../../src/run/verify.ts';
import { modelFiles } from '../models.ts';

/** The answer, or the CompressError; anything else is thrown. */
function attempt(bytes: Uint8Array): unknown {
  try {
    return importTflite(bytes);
  } catch (e) {
    if (e instanceof CompressError) return e;
    throw e;
  }
}

/** Versions of a file's operators by their codes. */
const versionsOf = (bytes: Uint8Array): Map<number, number> =>
  new Map(
    new FlatFile(bytes)
      .root(IDENTIFIER)
      .tables(MODEL.operatorCodes)
      .map((o) => [Math.max(o.i8(OPERATOR_CODE.shortCode, 0), o.i32(OPERATOR_CODE.code, 0)), o.i32(OPERATOR_CODE.version, 1)]),
  );

for (const { name, path } of modelFiles('.tflite')) {
  const bytes = readFileSync(path);

  test(`${name}: what is written is what was read`, () => {
    const graph = importTflite(bytes);
    const written = exportTflite(graph);
    assert.is(findProblem(graph), null);
    const again = importTflite(written);
    // operators may be written in lower versions
    const { about, ...attachments } = graph.attachments!;
    assert.equal(
      { ...again, attachments: { ...again.attachments, about } },
      { ...graph, attachments: { ...attachments, about } },
    );
    assert.equal(exportTflite(again), written);
  });

  test(`${name}: operators ask for no later version than TensorFlow's converter gave them, int8 ones for the same`, () => {
    const given = versionsOf(bytes);
    for (const [code, version] of versionsOf(exportTflite(importTflite(bytes)))) {
      const wanted = given.get(code)!;
      if (/int8|quant|ref_model\./.test(name)) assert.is(version, wanted, `operator ${code}`);
      else assert.ok(version <= wanted, `operator ${code}: version ${version} instead of ${wanted}`);
    }
  });

  test(`${name}: buffers lie at multiples of 16`, () => {
    const written = exportTflite(importTflite(bytes));
    const buffers = new FlatFile(written).root(IDENTIFIER).tables(MODEL.buffers);
    assert.is(buffers[0].bytes(BUFFER.data).length, 0);
    for (const buffer of buffers.slice(1)) assert.is(buffer.bytes(BUFFER.data).byteOffset % 16, 0);
  });
}

for (const { name, path } of modelFiles('.tflite').filter((m) => m.bytes < 110_000)) {
  test(`${name}: cut off or damaged, it is refused or read, never anything else`, () => {
    const bytes = readFileSync(path);
    const random = createRandom(1, `test/tflite/${name}`);
    for (let i = 0; i < 600; i++) assert.ok(attempt(bytes.subarray(0, random.below(bytes.length))) instanceof CompressError);
    // damage where the tables are: constants fill most of the file and may hold any value
    const structure = [0, bytes.length - 1].flatMap((end) => Array.from({ length: 6000 }, (_, k) => Math.abs(end - k)));
    for (let i = 0; i < 1400; i++) {
      const copy = Uint8Array.from(bytes);
      for (let k = 0; k <= random.below(4); k++) copy[structure[random.below(structure.length)]] = random.below(256);
      attempt(copy);
    }
  });
}

test('bytes that are no model are refused with what is wrong and what to do', () => {
  for (const bytes of [
    new Uint8Array(0),
    new Uint8Array(7),
    new Uint8Array(4096),
    new TextEncoder().encode('not a model at all'),
  ]) {
    const e = attempt(bytes) as CompressError;
    assert.instance(e, CompressError);
    assert.is(e.code, 'bad-file');
    assert.match(e.message, /not a valid \.tflite file: .+\n {2}fix: /);
  }
});

test('a constant that is not finite is refused with its name and place', async () => {
  const graph = importTflite(await demoModel());
  const place = graph.tensors.findIndex((t) => t.data instanceof Float32Array);
  for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    const tensor = graph.tensors[place];
    const data = Float32Array.from(tensor.data as Float32Array).fill(value, 5, 6);
    const e = attempt(exportTflite(withTensors(graph, new Map([[place, { ...tensor, data }]])))) as CompressError;
    assert.instance(e, CompressError);
    assert.is(e.code, 'bad-file');
    assert.ok(e.message.includes(`"${tensor.name}" is ${value} at element 5 of ${data.length}`), e.message);
  }
});

test('a tensor without values is refused with its shape', async () => {
  const graph = importTflite(await demoModel());
  const place = graph.nodes[0].inputs[1];
  const { shape, name } = graph.tensors[place];
  const none = { ...graph.tensors[place], shape: shape.with(0, 0), data: new Float32Array(0) };
  const e = attempt(exportTflite(withTensors(graph, new Map([[place, none]])))) as CompressError;
  assert.instance(e, CompressError);
  assert.ok(
    e.message.includes(`has the tensor "${name}" of shape [0, ${shape.slice(1).join(', ')}], which holds no values`),
    e.message,
  );
});

test('random bytes under a valid mark are refused', () => {
  const random = createRandom(2, 'test/tflite/random');
  for (let i = 0; i < 3000; i++) {
    const bytes = Uint8Array.from({ length: 8 + random.below(300) }, () => random.below(i % 2 ? 256 : 24));
    bytes.set(new TextEncoder().encode('TFL3'), 4);
    assert.instance(attempt(bytes), CompressError);
  }
});

const small = modelFiles('.tflite').find((m) => m.name === 'kws_ref_model.tflite');

if (small) {
  test('an unknown operator is named, with its place and what is supported', () => {
    const bytes = exportTflite(importTflite(readFileSync(small.path)));
    const codes = new FlatFile(bytes).root(IDENTIFIER).tables(MODEL.operatorCodes);
    const { view, start } = codes[codes.length - 1];
    const fields = start - view.getInt32(start, true);
    for (const field of [OPERATOR_CODE.shortCode, OPERATOR_CODE.code])
      bytes[start + view.getUint16(fields + 4 + 2 * field, true)] = 109;
    const e = attempt(bytes) as CompressError;
    assert.is(e.code, 'unsupported');
    assert.match(e.message, /^operator 12 \(WHERE, output "Identity[^"]*"\) is not supported\n/);
    assert.match(e.fix, /CONV_2D.*FULLY_CONNECTED.*HARD_SWISH/);
  });
}

test.run();
