import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { takeEvenly } from '../../src/data/index.ts';
import { distill, teacherNamed, unlabelledNamed, withoutLabels } from '../../src/distill/index.ts';
import { withTensors } from '../../src/graph/graph.ts';
import { runPipeline, stagesOf } from '../../src/pipeline.ts';
import type { Context, Model } from '../../src/stage.ts';
import { labelledIn } from '../../src/train/unlabelled.ts';
import { constants, contextOf, data, network, normedNetwork } from '../train/networks.ts';

const student: Model = { graph: normedNetwork(), facts: {} };
const large: Model = { graph: network(), facts: {} };
const few = { ...data, train: takeEvenly(data.train!, 100) };
const more = withoutLabels({ ...data, train: takeEvenly(data.train!, 900) });
const brief = { epochs: 2, batch: 20 };

const distilled = async (options: Parameters<typeof distill>[0], over: Partial<Context> = {}) =>
  constants((await runPipeline(student, [distill(options)], contextOf(student, { data: few, ...over }))).graph);

test('a teacher named by what it holds teaches as the same one given as the original does', async () => {
  const teacher = await teacherNamed('large.tflite', large);
  const named = await distilled({ ...brief, teacher }, { teachers: [student, large] });
  assert.equal(named, await distilled({ ...brief, teacher: 'original' }, { original: large }));
  const stages = stagesOf({ stages: JSON.parse(JSON.stringify([{ stage: 'distill', ...brief, teacher }])) });
  const replayed = await runPipeline(student, stages, contextOf(student, { data: few, teachers: [large] }));
  assert.equal(constants(replayed.graph), named);
});

test('what is named and not given, or holds something else, is said before any work', async () => {
  const teacher = await teacherNamed('large.tflite', large);
  const unlabelled = await unlabelledNamed('pictures', more);
  const fails = async (options: Parameters<typeof distill>[0], over: Partial<Context>, told: RegExp) => {
    const error = await distilled({ ...brief, ...options }, over).catch((e) => e);
    assert.is(error.code, 'bad-file', error.stack);
    assert.match(error.message, told);
  };
  await fails({ teacher }, {}, /the teacher "large.tflite" is not given[\s\S]*--teacher/);
  await fails({ teacher }, { teachers: [student] }, /"large.tflite" holds something else/);
  await fails({ unlabelled }, {}, /the unlabelled data "pictures" is not given[\s\S]*--unlabelled/);
  await fails({ unlabelled }, { unlabelled: [withoutLabels(few)] }, /"pictures" holds something else/);
});

test('a teacher of another task is refused', async () => {
  const { graph } = large;
  const nodes = graph.nodes.map((node) => (node.op === 'softmax' ? { ...node, op: 'logistic', attrs: {} } : node));
  const sigmoid: Model = { graph: { ...withTensors(graph, new Map()), nodes }, facts: {} };
  const teacher = await teacherNamed('labels.tflite', sigmoid);
  const error = await distill({ ...brief, teacher })
    .run(large, contextOf(large, { teachers: [sigmoid] }))
    .catch((e) => e);
  assert.is(error.code, 'bad-option', error.stack);
  assert.match(error.message, /each class for itself \(sigmoid\), and the model one of several classes/);
});

test('unlabelled examples teach by the answers of the teacher alone', async () => {
  const unlabelled = await unlabelledNamed('pictures', more);
  const options = { ...brief, teacher: 'original', unlabelled } as const;
  const over = { original: large, unlabelled: [more] };
  const taught = await distilled(options, over);
  assert.not.equal(taught, await distilled({ ...brief, teacher: 'original' }, over));
  assert.equal(taught, await distilled(options, over));
  assert.is(more.train!.y, null);
  for (const augment of [{ mixup: 0.5 }, { shift: [4, 0] as [number, number] }]) await distilled({ ...options, augment }, over);
});

test('unlabelled examples of another shape are refused', async () => {
  const odd = { ...more, inputs: [{ name: 'x', shape: [64, 7] }] };
  const unlabelled = await unlabelledNamed('odd', odd);
  const error = await distilled({ ...brief, unlabelled }, { unlabelled: [odd] }).catch((e) => e);
  assert.is(error.code, 'shape-mismatch', error.stack);
});

test('of a batch as many have labels as of all examples, a quarter at least', () => {
  assert.is(labelledIn(64, 5000, 5000), 32);
  assert.is(labelledIn(64, 1000, 49000), 16);
  assert.is(labelledIn(64, 49000, 1000), 63);
  assert.is(labelledIn(64, 500, 3), 63);
  assert.is(labelledIn(4, 500, 1), 3);
  assert.is(labelledIn(1, 5, 500), 1);
});

test.run();
