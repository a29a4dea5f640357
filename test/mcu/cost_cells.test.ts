import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../../src/graph/graph.ts';
import { instructionsOf } from '../../src/mcu/instructions.ts';
import { TARGETS } from '../../src/mcu/targets.ts';
import { OPS, type Shape } from '../../src/ops/index.ts';
import { SAMPLES } from '../ops/samples.ts';

/** Recurrent operators have no float sample: their shapes, and their attributes. */
const MORE: Record<string, readonly { shapes: readonly (Shape | null)[]; attrs: object }[]> = {
  svdf: [{ shapes: [[1, 40], [26, 40], [26, 10], [13], [1, 260]], attrs: { rank: 2, activation: 'none' } }],
  lstm: [
    {
      shapes: [[1, 5, 3], null, [4, 3], [4, 3], [4, 3], null, [4, 4], [4, 4], [4, 4]],
      attrs: { timeMajor: false, cellClip: 0, intermediates: [] },
    },
  ],
};

const FORMS: readonly (readonly [DType, DType, DType])[] = [
  ['f32', 'f32', 'f32'],
  ['i8', 'i8', 'i32'],
  ['i8', 'i4', 'i32'],
  ['i16', 'i8', 'i64'],
];

for (const [kind, row] of Object.entries(OPS)) {
  test(`${kind}: its cost is a number on every core and in every form`, () => {
    for (const { shapes, attrs } of [...(SAMPLES[kind] ?? []), ...(MORE[kind] ?? [])]) {
      const y = kind === 'lstm' ? [[1, 5, 4]] : kind === 'svdf' ? [[1, 13]] : row.infer(shapes, attrs as never);
      for (const [x, w, bias] of FORMS) {
        for (const target of new Map(TARGETS.map((t) => [t.core, t])).values()) {
          const dtypes = { x: shapes.map((s, i) => (s ? [x, w, bias][Math.min(i, 2)] : null)), y: y.map(() => x) };
          const cost = row.cost({ x: shapes, y, dtypes, attrs: attrs as never, core: target });
          const instructions = instructionsOf(cost, target.core);
          const where = `${kind} ${x} on ${target.core}: ${cost.kernel}`;
          assert.ok(Number.isSafeInteger(cost.macs) && cost.macs >= 0, where);
          assert.ok(Number.isSafeInteger(cost.scratchBytes) && cost.scratchBytes >= 0, where);
          assert.ok(Number.isFinite(instructions) && (cost.kernel === 'none' || instructions > 0), `${where}, ${instructions}`);
        }
      }
    }
  });
}

test.run();
