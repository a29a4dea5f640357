import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { findHints, type Teachers, type Teaching, withProjections } from '../../src/train/hints.ts';
import { lossesOf } from '../../src/train/losses.ts';
import { compileTraining } from '../../src/train/program.ts';
import { noise } from '../wasm/close.ts';
import { data, heap } from './networks.ts';

const BATCH = 3;
const source = { seed: 3, purpose: 'hints' };

/** A hidden tensor that two layers read, `conv2d_2`, and one before the head, `mean_1`. */
function forked(channels: number, seed: number): Graph {
  const net = buildNetwork('forked', [6, 5, 2], seed);
  const x = net.conv2d(net.input, 4, { kernel: [3, 3] });
  const y = net.conv2d(x, channels, { kernel: [3, 3] });
  const z = net.add(net.conv2d(y, channels, { kernel: [1, 1] }), y);
  return net.finish(net.softmax(net.dense(net.globalMean(z), 6)));
}

const teachersOf = (graphs: readonly Graph[], over: Partial<Teachers> = {}): Teachers => ({
  graphs,
  temperature: 2,
  weight: 0.5,
  hints: [],
  hintLoss: 'mse',
  ...over,
});

/** Loss and gradients of one batch, with some weights moved. */
function lossAt(graph: Graph, teaching: Teaching, moved: ReadonlyMap<string, Float32Array> = new Map()) {
  return heap.scope(() => {
    const softmax = graph.nodes.at(-1)!;
    const logits = { ...graph, nodes: graph.nodes.slice(0, -1), outputs: [softmax.inputs[0]] };
    const { graph: whole, ends } = withProjections(logits, teaching, source);
    const program = compileTraining(heap, whole, BATCH, { ...source, taps: ends });
    const options = { batch: BATCH, labelSmoothing: 0, augment: undefined };
    const task = recognizeTask(graph, data);
    const own = new Float32Array(BATCH);
    const losses = lossesOf(heap, {
      program,
      graph,
      calls: 1,
      data,
      task,
      options,
      random: source,
      teaching,
      own,
      unlabelled: null,
      labelled: BATCH,
    });
    const name = (tensor: number) => whole.tensors[tensor].name;
    for (const { tensor, value } of program.parameters) if (moved.has(name(tensor))) heap.write(value, moved.get(name(tensor))!);
    const input = noise(sizeOf(program.inputs[0].shape), 'input');
    heap.write(program.inputs[0], input);
    for (const aim of losses.aims) aim({ indices: Int32Array.of(0, 1, 2), inputs: [input], step: 0 });
    program.forward();
    for (const { gradient } of [...program.outputs, ...program.taps]) heap.clear(gradient!);
    let sum = 0;
    for (const { step, loss, weight } of losses.summands) {
      step();
      for (const v of heap.read(loss) as Float32Array) sum += (weight * v) / BATCH;
    }
    program.backward();
    const read = (of: 'value' | 'gradient') =>
      new Map(program.parameters.map((p) => [name(p.tensor), heap.read(p[of]) as Float32Array]));
    return { sum, values: read('value'), gradients: read('gradient') };
  });
}

const hints = [
  { student: 'conv2d_2', weight: 0.7 },
  { student: 'mean_1', weight: 2 },
];
const width = { same: 5, other: 7 };

for (const hintLoss of ['mse', 'cosine', 'relation'] as const) {
  for (const [kind, channels] of Object.entries(width)) {
    for (const weight of [0, 0.4]) {
      test(`${hintLoss}, ${kind} width, answers by ${weight}: gradients agree with finite differences`, () => {
        const student = forked(5, 1);
        const teaching = findHints(student, teachersOf([forked(channels, 2), forked(channels, 3)], { hints, hintLoss, weight }));
        const { values, gradients } = lossAt(student, teaching);
        assert.is(
          [...values.keys()].some((n) => n.includes('hint')),
          kind === 'other' && hintLoss !== 'relation',
        );
        for (const [name, w] of values) {
          for (const i of [0, w.length >> 1, w.length - 1]) {
            const step = 2 ** -9;
            const at = (d: number) => lossAt(student, teaching, new Map([[name, w.with(i, w[i] + d)]])).sum;
            // Of fourth order: the cosine turns quickly where its tensors are small. What is left are roundings of float32 losses.
            const slope = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
            const error = Math.abs(gradients.get(name)![i] - slope);
            assert.ok(error < 2e-3 * (1 + Math.abs(slope)), `${name} ${i}: ${gradients.get(name)![i]}, not ${slope}`);
          }
        }
      });
    }
  }
}

test('a teacher that is the student has nothing to teach', () => {
  const student = forked(5, 1);
  const { sum, gradients } = lossAt(student, findHints(student, teachersOf([student], { hints, weight: 1 })));
  assert.ok(sum < 1e-6, `${sum}`);
  for (const g of gradients.values()) assert.ok(g.every((v) => Math.abs(v) < 1e-6));
});

function refused(student: Graph, teacher: Graph, hint: { student: string; teacher?: string }): CompressError {
  try {
    const teaching = findHints(student, teachersOf([teacher], { hints: [{ ...hint, weight: 1 }] }));
    throw new Error(`found ${teaching.pairs.length}`);
  } catch (e) {
    assert.instance(e, CompressError, String(e));
    return e as CompressError;
  }
}

test('unknown names get the nearest ones, tensors that do not fit are named', () => {
  const [student, teacher] = [forked(5, 1), forked(7, 2)];
  const unknown = refused(student, teacher, { student: 'conv2d_22' });
  assert.is(unknown.code, 'bad-option');
  assert.match(unknown.message, /student computes no inner tensor "conv2d_22"[\s\S]*nearest are "conv2d_2"/);
  assert.match(refused(student, teacher, { student: 'mean_1', teacher: 'means' }).message, /teacher computes no[\s\S]*"mean_1"/);
  for (const name of ['softmax_1', 'input', 'conv2d_1/weights'])
    assert.is(refused(student, teacher, { student: name }).code, 'bad-option');
  const shape = refused(student, teacher, { student: 'mean_1', teacher: 'conv2d_1' });
  assert.is(shape.code, 'shape-mismatch');
  assert.match(shape.message, /"mean_1" is \[5\] in the student, but "conv2d_1" is \[6,5,4\] in the teacher/);
});

test.run();
