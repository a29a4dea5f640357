import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { linearSum, sumOf, sumTable, tableOfSums } from '../../src/c/linear_sum.ts';
import type { KernelCall, PlacedOperand } from '../../src/ops/index.ts';
import { stepOf } from '../../src/run/kernel_step.ts';
import { lowered } from '../../src/run/lower.ts';
import type { AddParams } from '../../src/wasm/elementwise_int.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();

/** A sum or difference of all pairs of int8, with scales as they come. */
function pairs(op: 'add' | 'sub', s1: number, s2: number, sy: number, zeros: readonly number[], activation: string) {
  const operand = (scale: number, zero: number, values?: Int8Array): PlacedOperand => ({
    ...heap.tensor('i8', [65536], values),
    quant: { bits: 8, scales: [Math.fround(scale)], zeros: [zero], axis: null },
    data: null,
  });
  const x1 = operand(
    s1,
    zeros[0],
    Int8Array.from({ length: 65536 }, (_, i) => (i >> 8) - 128),
  );
  const x2 = operand(
    s2,
    zeros[1],
    Int8Array.from({ length: 65536 }, (_, i) => (i & 255) - 128),
  );
  const y = operand(sy, zeros[2]);
  const node = { name: op, op, inputs: [0, 1], outputs: [2], attrs: { activation } };
  const call = lowered(node, [x1, x2, y]) as KernelCall<PlacedOperand>;
  stepOf(heap, call)();
  return { parameters: call.parameters as AddParams, y: heap.read(y) as Int8Array };
}

const CASES = [
  ['add', 0.0312347, 0.0817911, 0.0401713, [-128, 4, -128], 'relu'],
  ['add', 0.0517719, 0.0213317, 0.0611931, [12, -7, 3], 'none'],
  ['sub', 0.0113271, 0.0493119, 0.0513747, [0, 5, -9], 'none'],
  ['add', 0.07, 0.07, 0.09, [-1, 2, 0], 'relu6'],
] as const;

for (const [op, s1, s2, sy, zeros, activation] of CASES) {
  test(`${op} of scales ${s1} and ${s2} to ${sy} with ${activation}: the table and the linear form are the engine's`, () =>
    heap.scope(() => {
      const { parameters: p, y } = pairs(op, s1, s2, sy, zeros, activation);
      const sign = op === 'add' ? 1 : -1;
      assert.equal([...sumTable(p, sign)], [...y]);
      const form = linearSum(p, sign);
      const sums = tableOfSums(sumTable(p, sign), sign);
      if (s1 === s2) for (let i = 0; i < 65536; i++) assert.is(sums![(i >> 8) + (i & 255)], y[i]);
      else assert.ok(form && !sums);
      if (!form) return;
      for (let i = 0; i < 65536; i++) {
        const sum = sumOf(form, (i >> 8) - 128, (i & 255) - 128);
        assert.ok(sum === (sum | 0));
        assert.is(Math.min(p.yMax, Math.max(p.yMin, sum >> form.shift)), y[i]);
      }
    }));
}

test('a linear form is found where scales are of no simple ratio', () =>
  heap.scope(() => {
    for (let i = 0; i < 10; i++) {
      const zeros = i % 2 ? [-128, 3, -128] : [20, -9, 11];
      const { parameters } = pairs(
        'add',
        0.0213 + 0.00171317 * i,
        0.05113119 - 0.0023 * i,
        0.06117,
        zeros,
        i % 2 ? 'relu' : 'none',
      );
      assert.ok(linearSum(parameters, 1), `of pair ${i}`);
    }
  }));

test.run();
