import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Labels } from '../../src/data/index.ts';
import { CompressError } from '../../src/errors.ts';
import { createRandom, normal } from '../../src/random.ts';
import {
  afterDrop,
  areaUnderCurve,
  describeGoal,
  dropBetween,
  dropError,
  goalOf,
  METRIC_NAMES,
  type Measures,
  metricOf,
  missed,
  qualityScale,
  rulesOf,
  type Task,
  type TaskName,
  upward,
} from '../../src/task/index.ts';

const taskOf = (name: TaskName, over: Partial<Task> = {}): Task => ({
  ...{
    name,
    output: 0,
    outputName: 'y',
    places: 1,
    width: 1,
    isIndex: false,
    logits: false,
    input: 0,
    classNames: null,
    metric: 'accuracy',
  },
  ...over,
});

/** The outputs of all examples through the rules of a task. */
function measured(task: Task, outputs: readonly number[], labels: Labels | null): Measures & { scores: number[] } {
  const rules = rulesOf(task.name);
  const size = task.places * task.width;
  const count = outputs.length / size;
  const kept = rules.kept(task);
  const answers = new Float64Array(count * kept);
  for (let i = 0; i < count; i++) {
    rules.keep(task, Float32Array.from(outputs), i * size, (q) => q, null, answers.subarray(i * kept, (i + 1) * kept));
  }
  const targets = rules.targets(task, { inputs: [], y: labels, count }, 'the test');
  return { ...rules.measure(task, answers, targets), scores: [...rules.scores(task, answers, targets)] };
}

const near = (a: number | null | undefined, b: number) => assert.ok(Math.abs(a! - b) < 1e-6, `${a} instead of ${b}`);

// Worked by hand: labels 0 0 1 1 2, answers 0 1 1 1 0.
test('classification: accuracy, balanced accuracy, F1, by class numbers and by rows', () => {
  const outputs = [
    [9, 0, 0],
    [0, 9, 0],
    [0, 9, 0],
    [1, 2, 1],
    [3, 3, 0],
  ].flat();
  const rows = Int32Array.from(
    [
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 0],
      [0, 0, 1],
    ].flat(),
  );
  for (const labels of [Int32Array.of(0, 0, 1, 1, 2), rows]) {
    const found = measured(taskOf('classification', { width: 3 }), outputs, labels);
    assert.equal(found.confusion, [
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 0],
    ]);
    near(found.metrics.accuracy, 3 / 5);
    near(found.metrics.balanced, (1 / 2 + 1 + 0) / 3);
    near(found.metrics.f1, (2 / 4 + 4 / 5 + 0) / 3);
    assert.equal(found.scores, [1, 0, 1, 1, 0]);
    assert.equal([found.classes[0].precision, found.classes[2].precision], [1 / 2, null]);
  }
});

test('classification at the places of a map', () => {
  const found = measured(taskOf('classification', { width: 2, places: 2 }), [1, 0, 0, 1, 1, 0, 1, 0], Int32Array.of(0, 1, 0, 1));
  near(found.metrics.accuracy, 3 / 4);
  assert.equal(found.scores, [1, 1 / 2]);
});

test('binary: a sigmoid above a half, a logit above 0', () => {
  const labels = Int32Array.of(0, 0, 1, 1);
  const by = (logits: boolean, outputs: number[]) => measured(taskOf('binary', { logits }), outputs, labels);
  for (const found of [by(false, [0.2, 0.6, 0.5, 0.9]), by(true, [-2, 0.1, 0, 3])]) {
    assert.equal(found.confusion, [
      [1, 1],
      [1, 1],
    ]);
    near(found.metrics.accuracy, 1 / 2);
    near(found.metrics.f1, 1 / 2);
    near(found.metrics.auc, 3 / 4);
    assert.equal(found.scores, [1, 0, 0, 1]);
  }
  const rows = measured(taskOf('binary'), [0.2, 0.9], Int32Array.of(1, 0, 0, 1));
  near(rows.metrics.accuracy, 1);
});

test('several labels: by label, by decision, by example', () => {
  const labels = Int32Array.from(
    [
      [1, 0],
      [1, 1],
      [0, 0],
    ].flat(),
  );
  const found = measured(
    taskOf('multilabel', { width: 2 }),
    [
      [0.9, 0.1],
      [0.2, 0.8],
      [0.4, 0.6],
    ].flat(),
    labels,
  );
  near(found.metrics.accuracy, 4 / 6);
  near(found.metrics.exact, 1 / 3);
  near(found.metrics.f1, (2 / 3 + 2 / 3) / 2);
  near(found.metrics.auc, (1 / 2 + 1) / 2);
  assert.equal(found.scores, [1, 0, 0]);
});

test('regression: errors and R2, by value', () => {
  const labels = Float32Array.from(
    [
      [0, 10],
      [2, 20],
      [4, 30],
    ].flat(),
  );
  const found = measured(
    taskOf('regression', { width: 2 }),
    [
      [1, 10],
      [2, 20],
      [3, 36],
    ].flat(),
    labels,
  );
  const first = { mse: 2 / 3, mae: 2 / 3, r2: 1 - 2 / 8 };
  const second = { mse: 12, mae: 2, r2: 1 - 36 / 200 };
  near(found.metrics.mse, (first.mse + second.mse) / 2);
  near(found.metrics.rmse, Math.sqrt((first.mse + second.mse) / 2));
  near(found.metrics.mae, (first.mae + second.mae) / 2);
  near(found.metrics.r2, (first.r2 + second.r2) / 2);
  near(found.values[1].rmse, Math.sqrt(12));
  assert.equal(found.scores, [-1 / 2, 0, -37 / 2]);
  assert.is(measured(taskOf('regression'), [1, 2], Int32Array.of(5, 5)).metrics.r2, null);
});

test('labels that do not fit are refused with the example', () => {
  const refuses = (task: Task, outputs: number[], labels: Labels, message: RegExp) =>
    assert.throws(
      () => measured(task, outputs, labels),
      (e: CompressError) => e instanceof CompressError && e.code === 'bad-data' && message.test(e.message),
    );
  const three = taskOf('classification', { width: 3 });
  refuses(
    three,
    [1, 0, 0, 1, 0, 0],
    Int32Array.of(0, 3),
    /label 3 of example 1 [\s\S]* 3 outputs[\s\S]*number the classes from 0/,
  );
  refuses(three, [1, 0, 0], Int32Array.of(-1), /label -1 of example 0/);
  refuses(taskOf('binary'), [1, 0], Int32Array.of(0, 2), /label 2 of example 1 .* neither 0 nor 1/);
  refuses(taskOf('multilabel', { width: 2 }), [1, 0], Int32Array.of(0, 2), /rows of 2/);
  refuses(taskOf('regression', { width: 2 }), [1, 0], Float32Array.of(1), /has 1 numbers [\s\S]* has 2/);
});

test('area under the curve is the share of pairs in the right order, with any ties', () => {
  const random = createRandom(2, 'auc');
  const scores = Array.from({ length: 50 }, () => random.below(7));
  const labels = scores.map(() => random.below(2));
  let [wins, pairs] = [0, 0];
  scores.forEach((a, i) => {
    scores.forEach((b, j) => {
      if (labels[i] !== 1 || labels[j] !== 0) return;
      wins += a > b ? 1 : a === b ? 0.5 : 0;
      pairs++;
    });
  });
  near(areaUnderCurve(scores, labels), wins / pairs);
});

test('which way is better, and what a drop is counted in', () => {
  near(dropBetween('accuracy', 0.95, 0.93), 0.02);
  near(dropBetween('rmse', 2, 2.04), 0.02);
  near(dropBetween('rmse', 2, 1.9), -0.05);
  near(afterDrop('accuracy', 0.95, 0.02), 0.93);
  near(afterDrop('rmse', 2, 0.02), 2.04);
  for (const name of METRIC_NAMES) {
    const worse = afterDrop(name, 0.5, 0.1);
    near(dropBetween(name, 0.5, worse), 0.1);
    assert.ok(upward(name, worse) < upward(name, 0.5));
    assert.is(metricOf(name).better === 'higher', upward(name, 1) === 1);
  }
});

test('goals: a value, a drop, the recall of single classes', () => {
  const task = taskOf('classification', { width: 3, classNames: ['cat', 'dog', 'fox'] });
  const goal = goalOf(task, 0.9, { maxDrop: 0.02, minRecall: { dog: 0.95, 2: 0.5 } });
  near(goal.floor, 0.88);
  assert.is(
    describeGoal(goal, task),
    'accuracy at least 88.0 %, recall of "fox" at least 50.0 %, recall of "dog" at least 95.0 %',
  );
  assert.equal(missed(goal, { quality: 0.9, perClass: [1, 0.9, 1] }, task), ['recall of "dog" 90.0 % where 95.0 % is asked']);
  const rmse = taskOf('regression', { metric: 'rmse' });
  near(goalOf(rmse, 2, { maxDrop: 0.02 }).floor, 2.04);
  near(goalOf(rmse, 2, {}).floor, 2.1);
  assert.equal(missed(goalOf(rmse, 2, { goal: 1.5 }), { quality: 2, perClass: [] }, rmse), [
    'root mean squared error (RMSE) 2 where 1.5 is asked',
  ]);
  const refuses = (work: () => unknown, message: RegExp) =>
    assert.throws(work, (e: CompressError) => e.code === 'bad-option' && message.test(e.message));
  refuses(() => goalOf(task, 0.9, { minRecall: { cow: 0.9 } }), /no class "cow"[\s\S]*cat, dog, fox/);
  refuses(() => goalOf(task, 0.9, { minRecall: { cat: 90 } }), /recall of 90[\s\S]*90 % is 0\.9, /);
  refuses(
    () => goalOf(task, 0.9, { goal: 98 }),
    /accuracy of 98 cannot be reached[\s\S]*98 % is 0\.98, on the command line also 98%/,
  );
  refuses(() => goalOf(task, 0.9, { maxDrop: 2 }), /200 points[\s\S]*2 % is 0\.02/);
  refuses(() => goalOf(task, 0.9, { maxDrop: 1 }), /100 points/);
  refuses(() => goalOf(task, 0.9, { goal: 95 }), /accuracy of 95/);
  refuses(() => goalOf(task, 0.9, { goal: 0.9, maxDrop: 0.1 }), /both given/);
  assert.is(goalOf(rmse, 2, { maxDrop: 1 }).floor, 4);
  refuses(() => goalOf(rmse, 2, { minRecall: { 0: 1 } }), /no classes/);
});

test('quality as one number: a loss on it is a drop, with every metric', () => {
  const task = taskOf('classification', { width: 2 });
  const shares = qualityScale(goalOf(task, 0.9, { maxDrop: 0.02, minRecall: { 1: 0.8 } }), 0.9);
  near(shares.before, 0.9);
  near(shares.floor, 0.88);
  near(shares.of({ quality: 0.89, perClass: [1, 0.9] }), 0.89);
  near(shares.of({ quality: 0.95, perClass: [1, 0.75] }), 0.83); // five points under its least recall
  assert.ok(shares.of({ quality: null, perClass: [] }) < shares.floor);
  const errors = qualityScale(goalOf(taskOf('regression', { metric: 'rmse' }), 2, { maxDrop: 0.05 }), 2);
  near(errors.before, 1);
  near(errors.floor, 0.95);
  near(errors.of({ quality: 2.06, perClass: [] }), 0.97);
  near(errors.of({ quality: 1.8, perClass: [] }), 1.1);
  near(qualityScale(goalOf(taskOf('regression', { metric: 'rmse' }), 2, { goal: 3 }), 2).floor, 0.5);
});

test('the standard error of a drop is what the binomial gives for accuracy, and shrinks with the examples', () => {
  const task = taskOf('classification', { width: 2 });
  const random = createRandom(5, 'drops');
  const of = (count: number) => {
    const targets = Int32Array.from({ length: count }, () => random.below(2));
    const wrongAt = (share: number) => Float64Array.from(targets, (t) => (random.uniform() < share ? 1 - t : t));
    const [before, after] = [wrongAt(0), wrongAt(0.1)].map((answers) => ({ answers, targets }));
    return {
      error: dropError(task, before, after, count, 1),
      lost: after.answers.filter((a, i) => a !== targets[i]).length / count,
    };
  };
  for (const count of [200, 3200]) {
    const { error, lost } = of(count);
    const expected = Math.sqrt((lost * (1 - lost)) / count);
    assert.ok(Math.abs(error / expected - 1) < 0.2, `${error} instead of ${expected}`);
  }
});

test('the standard error of a relative drop of errors', () => {
  const task = taskOf('regression', { metric: 'rmse' });
  const random = createRandom(6, 'errors');
  const targets = Float32Array.from({ length: 800 }, () => 0);
  const noise = (size: number) => Float64Array.from({ length: 800 }, () => size * normal(random));
  const [before, after] = [noise(1), noise(1.1)].map((answers) => ({ answers, targets }));
  // Of n independent squares of normal values the standard error of a root mean square is 1 / sqrt(2 n) of it; two of them.
  const expected = 1.1 * Math.sqrt(2 / (2 * 800));
  const error = dropError(task, before, after, 800, 1);
  assert.ok(Math.abs(error / expected - 1) < 0.2, `${error} instead of ${expected}`);
});

test.run();
