import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../src/graph/graph.ts';
import { OPS, type PlacedOperand, type Shape } from '../../src/ops/index.ts';
import { Heap, type HeapTensor } from '../../src/wasm/heap.ts';
import { close, floats, noise } from '../wasm/close.ts';
import { DEFINITIONS } from './definitions.ts';
import type { Array64 } from './float64.ts';
import { RECURRENT, SAMPLES, type Sample } from './samples.ts';

/** Every float cell against its definition in float64, and every gradient against central differences of that definition. */

// Float32 sums of at most 100 terms of size 1 to 5; differences add the curvature over a step of 1e-4.
const TOLERANCE = 2e-5;
const STEP = 1e-4;
const heap = await Heap.open();

function operands({ shapes }: Sample, kind: string): (Array64 | null)[] {
  return shapes.map((shape, i) => {
    if (!shape) return null;
    const positive = (kind === 'batchNorm' && i === 4) || (kind === 'div' && i === 1);
    const isRoot = kind === 'sqrt' || kind === 'rsqrt';
    const values = noise(sizeOf(shape), `${kind}/${i}`).map((v) => (positive ? 1.5 + v : isRoot ? 2 + v : i === 0 ? 3 * v : v));
    return { shape, data: Float64Array.from(values) };
  });
}

const place = (t: Array64): PlacedOperand => ({ ...heap.tensor('f32', t.shape, t.data), quant: null, data: null });
const blank = (shape: Shape): PlacedOperand => ({ ...heap.tensor('f32', shape), quant: null, data: null });

function check(kind: string, sample: Sample, training: boolean): void {
  const { float, infer } = OPS[kind];
  if (!float) throw new Error(`${kind} has no float form`);
  const values = operands(sample, kind);
  const shapes = infer(sample.shapes, sample.attrs);
  const define = (x: (Array64 | null)[]) => DEFINITIONS[kind](x as Array64[], { ...sample.attrs, training }, shapes);
  heap.scope(() => {
    const x = values.map((v) => v && place(v));
    const y = shapes.map(blank);
    const saved = float.saves?.(sample.shapes, sample.attrs).map(blank) ?? [];
    const call = { x, y, attrs: sample.attrs, training, draws: { seed: 1, step: heap.tensor('i32', [1]) }, saved };
    const step = float.forward(heap, call);
    step();
    if (kind !== 'stream' && kind !== 'svdf') step(); // they keep their state
    define(values).forEach((want, k) => {
      close(floats(heap, y[k]), want, TOLERANCE, `output ${k}`);
    });
    if (!float.backward) return;
    const dys = shapes.map((shape, k) => noise(sizeOf(shape), `dy/${k}`));
    const dx = values.map((v) => v && heap.tensor('f32', v.shape, new Float32Array(v.data.length).fill(0.5)));
    const dy = shapes.map((shape, k) => heap.tensor('f32', shape, dys[k]));
    const fresh = values.map(() => false);
    float.backward(heap, { ...call, dy, dx, fresh })();
    const add = float.backward;
    if (float.clears) written((dx, fresh) => add(heap, { ...call, dy, dx, fresh })(), float.clears, values);
    const loss = (at: (Array64 | null)[]) => define(at).reduce((s, out, k) => out.reduce((t, v, i) => t + v * dys[k][i], s), 0);
    values.forEach((v, place) => {
      if (!v || (kind === 'batchNorm' && place > 2)) return;
      const got = floats(heap, dx[place]!);
      for (let i = 0; i < v.data.length; i++) {
        const moved = (d: number) => values.with(place, { ...v, data: v.data.with(i, v.data[i] + d) });
        const [before, here, after] = [loss(moved(-STEP)), loss(values), loss(moved(STEP))];
        // Where a kink lies within the step the two sides differ and there is no slope to compare with.
        if (Math.abs(after - 2 * here + before) > 0.01 * STEP) continue;
        close([got[i]], [0.5 + (after - before) / (2 * STEP)], TOLERANCE, `gradient of operand ${place}, element ${i}`);
      }
    });
  });
}

/** What a row writes itself is, bit for bit, what it adds to zeros. */
function written(
  run: (dx: HeapTensor[], fresh: boolean[]) => void,
  clears: readonly number[],
  values: readonly (Array64 | null)[],
): void {
  const gradients = (clean: boolean) => {
    const fresh = values.map((_, i) => !clean && clears.includes(i));
    const dx = values.map(
      (v, i) => v && heap.tensor('f32', v.shape, new Float32Array(v.data.length).fill(fresh[i] ? Number.NaN : 0)),
    );
    run(dx as HeapTensor[], fresh);
    return dx.map((d) => d && floats(heap, d));
  };
  assert.equal(gradients(false), gradients(true));
}

for (const [kind, row] of Object.entries(OPS)) {
  // Straight-through gradients are no slopes: test/wasm/fake_quantize.test.ts holds them to their own definition.
  if (!row.float || kind === 'fakeQuantize') continue;
  const samples = SAMPLES[kind] ?? RECURRENT[kind] ?? [];
  test(`${kind}: has samples`, () => assert.ok(samples.length && DEFINITIONS[kind]));
  samples.forEach((sample, i) => {
    test(`${kind}, sample ${i}: forward and gradients follow the definition`, () => check(kind, sample, kind === 'batchNorm'));
    if (kind === 'batchNorm') test(`${kind}, sample ${i}, by running averages`, () => check(kind, sample, false));
  });
}

test('batch norm: running averages move by a tenth', () =>
  heap.scope(() => {
    const [x, one, zero] = [heap.tensor('f32', [4, 1], [1, 2, 3, 6]), heap.tensor('f32', [1], [1]), heap.tensor('f32', [1])];
    const [mean, variance] = [heap.tensor('f32', [1], [1]), heap.tensor('f32', [1], [2])];
    const at = [x, one, zero, mean, variance].map((t) => ({ ...t, quant: null, data: null }));
    const saved = [heap.tensor('f32', [2, 1])];
    const call = { x: at, y: [blank([4, 1])], attrs: { epsilon: 0.001 }, training: true, draws: null, saved };
    OPS.batchNorm.float!.forward(heap, call)();
    close(heap.read(mean), [0.9 + 0.3], 1e-6, 'mean');
    close(heap.read(variance), [0.9 * 2 + (0.1 * 14) / 3], 1e-6, 'variance');
  }));

test('dropout: a rate of zeros, the rest scaled; the gradient takes the same places; another step or seed takes others', () =>
  heap.scope(() => {
    const n = 10000;
    const x = [{ ...heap.tensor('f32', [n], new Float32Array(n).fill(1)), quant: null, data: null }];
    const [y, dx] = [blank([n]), heap.tensor('f32', [n])];
    const count = heap.tensor('i32', [1]);
    const callWith = (seed: number) => {
      return { x, y: [y], attrs: { rate: 0.25 }, training: true, draws: { seed, step: count }, saved: [] };
    };
    const valuesAt = (seed: number, step: number) => {
      heap.write(count, [step]);
      OPS.dropout.float!.forward(heap, callWith(seed))();
      return floats(heap, y);
    };
    const first = valuesAt(0xfedcba98, 0);
    const zeros = first.filter((v) => v === 0).length;
    assert.ok(Math.abs(zeros - 2500) < 150, `${zeros} zeros`);
    assert.ok(first.every((v) => v === 0 || v === Math.fround(1 / 0.75)));
    OPS.dropout.float!.backward!(heap, { ...callWith(0xfedcba98), dy: [x[0]], dx: [dx], fresh: [false] })();
    assert.equal(floats(heap, dx), first);
    // Independent zeros of a quarter each meet in a sixteenth of the places (standard deviation 24).
    for (const other of [valuesAt(0xfedcba98, 1), valuesAt(7, 0)]) {
      const both = first.filter((v, i) => v === 0 && other[i] === 0).length;
      assert.ok(Math.abs(both - 625) < 120, `${both} zeros in common`);
    }
    assert.equal(valuesAt(0xfedcba98, 0), first);
  }));

test.run();
