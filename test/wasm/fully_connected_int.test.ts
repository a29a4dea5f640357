import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fullyConnectedInt } from '../../src/wasm/fully_connected_int.ts';
import { fenced, same, source } from './fenced.ts';
import { bothHalves } from './halves.ts';

const halves = await bothHalves();

const geometry = fc.record({
  batch: fc.constantFrom(0, 1, 2, 3, 4, 5, 12, 13),
  depth: fc.constantFrom(1, 2, 3, 7, 8, 9, 15, 16, 17, 48, 255, 256, 257, 600),
  units: fc.constantFrom(1, 2, 7, 8, 9, 16, 24, 25),
  seed: fc.integer({ min: 1, max: 1e6 }),
  skew: fc.integer({ min: 0, max: 15 }),
  bias: fc.boolean(),
  wild: fc.boolean(),
  relu: fc.boolean(),
  perTensor: fc.boolean(),
  int4: fc.boolean(),
  rounding: fc.constantFrom('double' as const, 'single' as const),
  half: fc.constantFrom('plain' as const, 'relaxed' as const),
  symmetric: fc.boolean(),
});

test('dense layer s8 equals its plain twin for any size', () => {
  fc.assert(
    fc.property(geometry, (g) => {
      const heap = halves[g.half][g.rounding];
      const random = source(g.seed);
      heap.scope(() => {
        const { batch, depth, units } = g;
        const x = fenced(heap, 'i8', [batch, depth], g.skew);
        const y = fenced(heap, 'i8', [batch, units], g.skew);
        const want = heap.tensor('i8', [batch, units]);
        const weights = (g.int4 ? random.i4 : random.i8)(units * depth);
        const w = heap.tensor(g.int4 ? 'i4' : 'i8', [units, depth], weights);
        const plain = heap.tensor('i8', [units, depth], weights);
        const bias = g.bias ? heap.tensor('i32', [units], random.bias(units)) : null;
        const yOffset = random.between(-128, 127);
        const yMin = g.relu ? yOffset : random.between(-128, 0);
        const offsets = {
          xOffset: random.between(-127, 128),
          wOffset: g.symmetric ? 0 : random.between(-127, 128),
          yOffset,
        };
        const p = { ...random.factors(g.perTensor ? 1 : units, g.wild), ...offsets, yMin, yMax: random.between(yMin, 127) };
        const step = fullyConnectedInt(heap, y.tensor, x.tensor, w, bias, p);
        const [multiplier, shift] = [p.multiplier, p.shift].map((v) => heap.tensor('i32', [v.length], v).ptr);
        for (let round = 0; round < 2; round++) {
          heap.write(x.tensor, random.i8(batch * depth));
          step();
          const head = [want.ptr, x.tensor.ptr, plain.ptr, bias?.ptr ?? 0, multiplier, shift, g.perTensor ? 0 : 4] as const;
          heap.wasm.fully_connected_s8_ref(...head, batch, depth, units, p.xOffset, p.wOffset, p.yOffset, p.yMin, p.yMax);
          same(heap.read(y.tensor), heap.read(want));
          y.check();
        }
      });
    }),
    { numRuns: 500 },
  );
});

test('dense layer s16 equals its plain twin for any size', () => {
  fc.assert(
    fc.property(geometry, (g) => {
      const heap = halves[g.half][g.rounding];
      const random = source(g.seed);
      heap.scope(() => {
        const { batch, depth, units } = g;
        const x = fenced(heap, 'i16', [batch, depth], g.skew & ~1);
        const y = fenced(heap, 'i16', [batch, units], g.skew & ~1);
        const want = heap.tensor('i16', [batch, units]);
        const w = heap.tensor('i8', [units, depth], random.i8(units * depth));
        const bias = g.bias ? heap.tensor('i64', [units], BigInt64Array.from(random.bias(units), BigInt)) : null;
        const p = { ...random.factors(g.perTensor ? 1 : units, false), xOffset: 0, yOffset: 0, yMin: -32768, yMax: 32767 };
        const step = fullyConnectedInt(heap, y.tensor, x.tensor, w, bias, p);
        const [multiplier, shift] = [p.multiplier, p.shift].map((v) => heap.tensor('i32', [v.length], v).ptr);
        for (let round = 0; round < 2; round++) {
          heap.write(x.tensor, random.i16(batch * depth));
          step();
          const head = [want.ptr, x.tensor.ptr, w.ptr, bias?.ptr ?? 0, multiplier, shift, g.perTensor ? 0 : 4, 1] as const;
          heap.wasm.fully_connected_s16_ref(...head, batch, depth, units, p.yMin, p.yMax);
          same(heap.read(y.tensor), heap.read(want));
          y.check();
        }
      });
    }),
    { numRuns: 300 },
  );
});

test('refuses a depth that does not divide the input', () => {
  const heap = halves.plain.double;
  heap.scope(() => {
    const p = { xOffset: 0, yOffset: 0, multiplier: [2 ** 30], shift: [0], yMin: -128, yMax: 127 };
    const [y, x, w] = [heap.tensor('i8', [1, 2]), heap.tensor('i8', [1, 5]), heap.tensor('i8', [2, 4])];
    assert.throws(() => fullyConnectedInt(heap, y, x, w, null, p), /4 features/);
  });
});

test.run();
