import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { goalOf } from '../../src/compress/goal.ts';
import { checkSettings } from '../../src/compress/options.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { findTask } from '../../src/evaluate.ts';
import { loadModel } from '../../src/model.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const model = await loadModel(await demoModel());
const data = gestures();
const task = findTask(heap, model.graph, data);
const near = (a: number, b: number) => Math.abs(a - b) < 1e-12;

test('the accuracy to keep: all of the allowed loss where validation is new to the model, half where it is not', () => {
  const settings = checkSettings({ target: 'stm32l476rg', maxDrop: 0.04 });
  const fresh = goalOf(heap, model, data, task, settings);
  assert.is(fresh.seenBefore, false);
  assert.ok(near(fresh.before - fresh.floor, 0.04));
  // No better on train than on validation.
  const seen = goalOf(heap, model, { ...data, train: data.validation }, task, settings);
  assert.is(seen.seenBefore, true);
  assert.ok(near(seen.before - seen.floor, 0.02));
});

test('an accuracy asked for is kept as it is', () => {
  const asked = goalOf(
    heap,
    model,
    { ...data, train: data.validation },
    task,
    checkSettings({ target: 'stm32l476rg', minAccuracy: 0.9 }),
  );
  assert.is(asked.floor, 0.9);
  assert.is(asked.seenBefore, false);
});

test.run();
