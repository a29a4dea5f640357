import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isAtChance } from '../src/doubts.ts';
import type { Evaluation } from '../src/evaluate.ts';

const evaluated = (confusion: number[][]): Evaluation => {
  const examples = confusion.flat().reduce((a, b) => a + b, 0);
  const accuracy = confusion.reduce((n, row, c) => n + row[c], 0) / examples;
  const found: unknown = {
    task: 'classification',
    metric: 'accuracy',
    examples,
    accuracy,
    quality: accuracy,
    confusion,
    metrics: {},
  };
  return found as Evaluation;
};

test('answers that agree with the labels no more than by chance are named, but not where examples are too few to tell', () => {
  assert.ok(
    isAtChance(
      evaluated([
        [25, 25],
        [25, 25],
      ]),
    ),
  );
  assert.not(
    isAtChance(
      evaluated([
        [40, 10],
        [10, 40],
      ]),
    ),
  );
  assert.not(
    isAtChance(
      evaluated([
        [2, 0],
        [0, 2],
      ]),
    ),
  );
  assert.not(
    isAtChance(
      evaluated([
        [1, 1],
        [1, 1],
      ]),
    ),
  );
});

test.run();
