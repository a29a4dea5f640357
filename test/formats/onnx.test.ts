/** The ONNX reader on files written by hand: what exporters write, one construct at a time. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadModel } from '../../src/model.ts';
import { close } from './agree.ts';
import { given } from './given.ts';
import { floats, type HandModel, int64s, onnxFile } from './onnx_file.ts';
import { answers, load, node, refused, relu, run } from './onnx_hand.ts';

test('bounds of a Clip as constants of the graph, and as attributes of an older file', async () => {
  const bound = (value: number) => floats([], [value]);
  const newer = {
    inputs: { x: ['N', 4] },
    outputs: ['y'],
    nodes: [
      node('Constant', '', 'low', { value: bound(-0.25) }),
      node('Constant', '', 'high', { value: bound(6) }),
      node('Clip', 'x low high', 'y'),
    ],
  };
  const older = {
    opset: 7,
    inputs: { x: [1, 4] },
    outputs: ['y'],
    nodes: [node('Clip', 'x', 'y', { min: { float: 0 }, max: { float: 6 } })],
  };
  const expected = Array.from(given(4));
  close(
    (await answers(newer)).y,
    expected.map((v) => Math.max(-0.25, v)),
    'opset 13',
  );
  const { graph, y } = await answers(older);
  close(
    y,
    expected.map((v) => Math.max(0, v)),
    'opset 7',
  );
  assert.equal(
    graph.nodes.map((n) => n.op),
    ['relu6'],
  );
});

test('auto_pad puts the odd column behind or before', async () => {
  const conv = (auto_pad: string): HandModel => ({
    inputs: { x: [1, 1, 4] },
    outputs: ['y'],
    constants: { w: floats([1, 1, 2], [1, 10]) },
    nodes: [node('Conv', 'x w', 'y', { auto_pad, kernel_shape: [2] })],
  });
  const x = Array.from(given(4));
  close(
    (await answers(conv('SAME_UPPER'))).y,
    x.map((v, i) => v + 10 * (x[i + 1] ?? 0)),
    'upper',
  );
  close(
    (await answers(conv('SAME_LOWER'))).y,
    x.map((v, i) => (x[i - 1] ?? 0) + 10 * v),
    'lower',
  );
  close(
    (await answers(conv('VALID'))).y,
    x.slice(0, 3).map((v, i) => v + 10 * x[i + 1]),
    'valid',
  );
});

test('an average over the padding counts its zeros', async () => {
  const pool = { kernel_shape: [3], strides: [2], pads: [1, 1], count_include_pad: 1 };
  const { y, graph } = await answers({ inputs: { x: [1, 1, 6] }, outputs: ['y'], nodes: [node('AveragePool', 'x', 'y', pool)] });
  const x = [0, ...given(6), 0];
  close(
    y,
    [0, 2, 4].map((at) => (x[at] + x[at + 1] + x[at + 2]) / 3),
    'y',
  );
  assert.equal(
    graph.nodes.map((n) => n.op),
    ['pad', 'reshape', 'avgPool2d', 'reshape'],
  );
});

test('a resize by sizes of some axes, and to the nearest pixel by a factor that is no whole number', async () => {
  const modes = { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' };
  const resize = (dims: number[], constants: HandModel['constants'], inputs: string, attributes = {}): HandModel => ({
    opset: 19,
    inputs: { x: dims },
    outputs: ['y'],
    constants,
    nodes: [node('Resize', inputs, 'y', { ...modes, keep_aspect_ratio_policy: 'stretch', ...attributes })],
  });
  const bySizes = await answers(resize([1, 1, 2, 2], { s: int64s(4, 2) }, 'x   s', { axes: [3, 2] }));
  const [a, b, c, d] = given(4);
  close(bySizes.y, [a, a, b, b, c, c, d, d], 'sizes');
  const half = { coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_floor' };
  const byFactor = await answers(resize([1, 1, 1, 4], { s: floats([4], [1, 1, 1, 0.6]) }, 'x  s', half));
  // 2 pixels, 1 / 0.6 apart: at 0.33 and 2
  close(byFactor.y, [a, c], 'factor');
});

test('an Expand of what is computed repeats it', async () => {
  const { y, graph } = await answers({
    inputs: { x: [1, 2, 1] },
    outputs: ['y'],
    constants: { s: int64s(1, 1, 3) },
    nodes: [node('Relu', 'x', 'a'), node('Expand', 'a s', 'y')],
  });
  const [a, b] = given(2).map((v) => Math.max(v, 0));
  close(y, [a, a, a, b, b, b], 'y');
  assert.equal(
    graph.nodes.map((n) => n.op),
    ['relu', 'tile'],
  );
});

test('weights computed in the graph from constants', async () => {
  const { y, graph } = await answers({
    inputs: { x: ['N', 2] },
    outputs: ['y'],
    constants: { v: floats([4], [1, 2, 3, 4]), s: int64s(2, 2), half: floats([1], [0.5]) },
    nodes: [
      node('Reshape', 'v s', 'm'),
      node('Transpose', 'm', 't', { perm: [1, 0] }),
      node('Mul', 't half', 'w'),
      node('MatMul', 'x w', 'y'),
    ],
  });
  const [a, b] = given(2);
  close(y, [0.5 * a + b, 1.5 * a + 2 * b], 'y');
  assert.equal(
    graph.nodes.map((n) => n.op),
    ['fullyConnected'],
  );
});

test('operators in another order than they must run in', async () => {
  const { y } = await answers({ ...relu, nodes: [node('Neg', 'a', 'y'), node('Relu', 'x', 'a')] });
  close(
    y,
    Array.from(given(4), (v) => -Math.max(0, v)),
    'y',
  );
});

/** A constant that lies in another file. */
function outside(location: string, offset = 0): Uint8Array {
  const w = { ...floats([4, 1], []), dims: [4n, 1n], rawData: new Uint8Array(0), dataLocation: 1 };
  const externalData = Object.entries({ location, offset: String(offset), length: '16' }).map(([key, value]) => ({
    $typeName: 'onnx.StringStringEntryProto' as const,
    key,
    value,
  }));
  return onnxFile({ ...relu, constants: { w: { ...w, externalData } }, nodes: [node('MatMul', 'x w', 'y')] });
}

test('external data is read from beside the model, and from nowhere else', async () => {
  const file = new Uint8Array(Float32Array.from([9, 1, 2, 3, 4]).buffer);
  const asked: string[] = [];
  const beside = (name: string) => {
    asked.push(name);
    return file;
  };
  const { graph } = await loadModel(outside('weights/model.bin', 4), { beside });
  const [a, b, c, d] = given(4);
  close(Object.values(run(graph, { x: given(4) }))[0], [a + 2 * b + 3 * c + 4 * d], 'y');
  assert.equal(asked, ['weights/model.bin']);
  for (const name of ['../secret', '/etc/passwd', 'a/../../b', 'C:\\x', '..\\x', ''])
    await refused(outside(name), 'unsupported', /outside of the model's folder/);
  await refused(outside('model.bin'), 'unsupported', /lies in another file, "model.bin"/, /beside/);
  const short = await Promise.resolve(loadModel(outside('model.bin', 8), { beside })).then(
    () => null,
    (e) => e,
  );
  assert.match(short.message, /takes 16 bytes at 8 of "model.bin", which has 20/);
});

test('metadata and unused parts', async () => {
  const { graph, facts } = await load(
    onnxFile({
      ...relu,
      inputs: { x: [1, 4], z: [1, 2] },
      metadata: { author: 'me' },
      nodes: [...relu.nodes, node('Neg', 'x', 'dead')],
    }),
  );
  assert.equal(
    graph.attachments?.metadata.map((m) => [m.name, new TextDecoder().decode(m.bytes)]),
    [['author', 'me']],
  );
  assert.is(facts.notes?.length, 2);
  assert.match(facts.notes![0], /no output depends on the input "z"/);
  assert.match(facts.notes![1], /1 operators that no output needs \(first "dead"\)/);
});

test.run();
