import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Budget, type Ended, Rungs, type Turn } from '../../src/compress/rungs.ts';
import { createRandom } from '../../src/random.ts';

const budget = (over: Partial<Budget> = {}): Budget => ({
  samples: 100_000,
  parallel: 8,
  trials: Number.POSITIVE_INFINITY,
  given: 0,
  ...over,
});

/** Every trial uses what it may, and comes to a value of its own. */
function played(b: Budget, worthOf: (n: number, turn: Turn) => number, feasible = false): Turn[] {
  const ended = new Map<number, Ended>();
  const rungs = new Rungs(b, (t) => ended.get(t)!);
  const turns: Turn[] = [];
  for (let n = 0; n < 1000; n++) {
    const turn = rungs.turn(n);
    if (!turn) return turns;
    turns.push(turn);
    ended.set(n, { value: worthOf(n, turn), promise: worthOf(n, turn), feasible, samples: turn.samples, node: `n${n}` });
  }
  throw new Error('a study without an end');
}

const random = createRandom(1, 'test/rungs');
const values = Array.from({ length: 1000 }, () => random.uniform());

test('the budget is spent, and not more', () => {
  for (const parallel of [1, 2, 4, 8]) {
    for (const samples of [10_000, 50_000, 1_000_000]) {
      const turns = played(budget({ parallel, samples }), (n) => values[n]);
      const spent = turns.reduce((sum, t) => sum + t.samples, 0);
      assert.ok(spent <= samples * 1.0001 && spent > 0.85 * samples, `${parallel}, ${samples}: ${spent}`);
    }
  }
});

test('what trial n does follows from the rounds before its own alone', () => {
  const b = budget();
  const known =
    (seen: number[]) =>
    (t: number): Ended => {
      seen.push(t);
      return { value: values[t], promise: values[t], feasible: false, samples: 3125, node: `n${t}` };
    };
  const seen: number[] = [];
  const rungs = new Rungs(b, known(seen));
  for (let n = 0; n < 20; n++) {
    seen.length = 0;
    const turn = rungs.turn(n);
    assert.ok(
      seen.every((t) => t < rungs.needs(n)),
      `${n}: ${seen}`,
    );
    assert.ok(turn === null || turn.from === null || turn.from < rungs.needs(n));
  }
  // Asked for at once or one by one.
  assert.equal(new Rungs(b, known([])).turn(13), rungs.turn(13));
});

test("many start with little, the better ones continue, and more than half of the budget is the best few's", () => {
  const turns = played(budget(), (n, { round }) => values[n] - round);
  assert.ok(turns.slice(0, 8).every((t) => t.from === null && Math.abs(t.samples - 100_000 / 40) < 1e-6));
  const byValue = [...turns.keys()].slice(0, 8).sort((a, b) => values[a] - values[b]);
  assert.equal(
    turns.filter((t) => t.round === 1 && t.from !== null).map((t) => t.from),
    byValue.slice(0, 3),
  );
  const last = turns.filter((t) => t.round >= 2);
  assert.ok(last.every((t) => t.from !== null && turns[t.from].round === t.round - 1));
  const share = last.reduce((sum, t) => sum + t.samples, 0) / 100_000;
  assert.ok(share > 0.55 && share < 0.65, `${share}`);
});

test('a small budget is spent on one arm and on what continues from it', () => {
  const turns = played(budget({ parallel: 1, samples: 10_000 }), (n) => 1 - n / 10);
  assert.equal(turns, [
    { round: 0, from: null, samples: 5000 },
    { round: 1, from: 0, samples: 2000 },
    { round: 2, from: 1, samples: 3000 },
  ]);
});

test('what arms left of their samples is dealt to the next round', () => {
  const ended = new Map<number, Ended>();
  const rungs = new Rungs(budget(), (t) => ended.get(t)!);
  for (let n = 0; n < 8; n++) {
    rungs.turn(n);
    ended.set(n, { value: values[n], promise: values[n], feasible: false, samples: 0, node: `n${n}` });
  }
  const round = [8, 9, 10, 11, 12, 13].map((n) => rungs.turn(n)!.samples);
  assert.ok(Math.abs(round.reduce((a, b) => a + b) - 100_000 / 4) < 1e-6, `${round}`);
});

test('it ends before the budget where the goal holds and two rounds brought nothing better', () => {
  const falling = played(budget(), (n) => 1 - n / 1000, true);
  const flat = played(budget(), (n) => (n === 3 ? 0.1 : 0.5), true);
  const missed = played(budget(), (n) => (n === 3 ? 0.1 : 0.5), false);
  assert.equal([flat.length, missed.length], [16, falling.length]);
});

test('a given recipe is tried first and costs nothing of the budget; most trials', () => {
  const turns = played(budget({ given: 1, trials: 5 }), (n) => values[n]);
  assert.equal(turns[0], { round: 0, from: null, samples: 0 });
  assert.is(turns.length, 5);
});

test('two trials that came to the same candidate count once', () => {
  const ended = new Map<number, Ended>();
  const rungs = new Rungs(budget(), (t) => ended.get(t)!);
  for (let n = 0; n < 8; n++) {
    rungs.turn(n);
    ended.set(n, { value: 1, promise: n < 4 ? 0.1 : 0.2 + n, feasible: false, samples: 3125, node: n < 4 ? 'same' : `n${n}` });
  }
  assert.equal(
    [8, 9, 10].map((n) => rungs.turn(n)!.from),
    [0, 4, 5],
  );
});

test.run();
