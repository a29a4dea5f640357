import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/wasm/heap.ts';
import { softmaxInt } from '../../src/wasm/softmax_int.ts';

/** A row of `size` values: `below[i % 3]` under 127 (uint8: under 255); what they become, by i % 3. */
interface Case {
  readonly size: number;
  readonly below: readonly number[];
  /** Multiplier, shift, least difference. */
  readonly scale: readonly [number, number, number];
  readonly s8: readonly number[];
  readonly u8: readonly number[];
  readonly s8_s16: readonly number[];
}

const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(new URL('softmax_ties.json', import.meta.url), 'utf8'));
const heap = await Heap.open();

const FORMS = [
  ['s8', 'i8', 'i8'],
  ['u8', 'u8', 'u8'],
  ['s8_s16', 'i8', 'i16'],
] as const;

for (const [form, from, to] of FORMS) {
  test(`softmax_${form}: hundreds and thousands of tied maxima are what the chip makes of them`, () => {
    for (const { size, below, scale, [form]: wanted } of cases) {
      heap.scope(() => {
        const top = from === 'u8' ? 255 : 127;
        const x = heap.tensor(
          from,
          [size],
          Array.from({ length: size }, (_, i) => top - below[i % 3]),
        );
        const [multiplier, shift, diffMin] = scale;
        const what = `${size} values ${below.join(', ')} below, scale ${scale.join(' ')}`;
        const check = (y: ArrayLike<number | bigint>) => {
          for (let i = 0; i < size; i++) assert.is(y[i], wanted[i % 3], `${what}: ${i}`);
        };
        const y = heap.tensor(to, [size]);
        softmaxInt(heap, y, x, { multiplier, shift, diffMin })();
        check(heap.read(y));
        heap.clear(y);
        heap.wasm[`softmax_${form}_ref`](y.ptr, x.ptr, 1, size, multiplier, shift, diffMin);
        check(heap.read(y));
      });
    }
  });
}

test.run();
