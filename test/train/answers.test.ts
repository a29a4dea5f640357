import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { takeEvenly } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Model } from '../../src/stage.ts';
import { type Batch, type Batches, remembering } from '../../src/train/answers.ts';
import { constants, contextOf, data, network } from './networks.ts';

const teacher = network();

/** A teacher of two answers a row who counts how often it is asked. */
function counting(graph: Graph, over: Partial<Batches> = {}) {
  const count = { asked: 0 };
  const batches: Batches = {
    data,
    unlabelled: null,
    options: { batch: 3, augment: undefined },
    source: { seed: 1, purpose: 'test' },
    ...over,
  };
  const answer = remembering(graph, batches, 2, ({ inputs }) => {
    count.asked++;
    return Float32Array.from(inputs[0]);
  });
  return { count, answer: (batch: Batch) => [...answer(batch)] };
}

const batchOf = (step: number, indices: number[]): Batch => ({
  indices: Int32Array.from(indices),
  inputs: [indices.flatMap((i) => [i, -i])],
  step,
});

test('an example that is not varied is asked for once, for any batch', () => {
  const { count, answer } = counting(teacher);
  assert.equal(answer(batchOf(0, [4, 2, 7])), [4, -4, 2, -2, 7, -7]);
  assert.equal(answer(batchOf(1, [7, 4, 2])), [7, -7, 4, -4, 2, -2]);
  assert.is(count.asked, 1);
  assert.equal(answer(batchOf(2, [2, 2399, 4])), [2, -2, 2399, -2399, 4, -4]);
  assert.is(count.asked, 2);
  const again = counting(teacher, { source: { seed: 9, purpose: 'other' } });
  assert.equal(again.answer(batchOf(0, [2399, 7, 7])), [2399, -2399, 7, -7, 7, -7]);
  assert.is(again.count.asked, 0);
});

test('a varied batch is the same again in a training of the same seed, purpose, batch and variation only', () => {
  const varied = { batch: 3, augment: { shift: 2 } };
  const first = counting(teacher, { options: varied });
  first.answer(batchOf(5, [1, 2, 3]));
  assert.is(first.count.asked, 1);
  const same = counting(teacher, { options: varied });
  assert.equal(same.answer({ ...batchOf(5, [1, 2, 3]), inputs: [] }), [1, -1, 2, -2, 3, -3]);
  same.answer(batchOf(4, [1, 2, 3]));
  assert.is(same.count.asked, 1);
  const others: [Graph, Partial<Batches>][] = [
    [{ ...teacher }, { options: varied }],
    [teacher, { options: varied, data: { ...data } }],
    [teacher, { options: { ...varied, augment: { shift: 3 } } }],
    [teacher, { options: varied, source: { seed: 2, purpose: 'test' } }],
    [teacher, { options: varied, source: { seed: 1, purpose: 'tests' } }],
    [teacher, {}],
  ];
  for (const [graph, over] of others) {
    const other = counting(graph, over);
    other.answer(batchOf(5, [1, 2, 2398]));
    assert.is(other.count.asked, 1);
  }
});

// No multiple of the batch, so that batches of later epochs mix what is known with what is not.
const few = { ...data, train: takeEvenly(data.train!, 134) };

for (const augment of [undefined, { shift: [4, 0] as [number, number], scale: 0.1 }, { mixup: 0.3 }]) {
  test(`a teacher whose answers are remembered teaches the same (${JSON.stringify(augment) ?? 'not varied'})`, async () => {
    const student: Model = { graph: network(), facts: {} };
    const taught = async (teacher: Graph, epochs: number) => {
      const context = contextOf(student, { data: few, original: { graph: teacher, facts: {} } });
      return constants((await distill({ teacher: 'original', epochs, batch: 10, augment }).run(student, context)).graph);
    };
    const known = network();
    await taught(known, 1);
    const first = await taught(known, 4);
    assert.equal(await taught(known, 4), first);
    assert.equal(await taught(network(), 4), first);
  });
}

test.run();
