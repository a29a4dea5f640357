import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../src/graph/graph.ts';
import { convInt } from '../../src/wasm/conv_int.ts';
import { depthwiseConvInt } from '../../src/wasm/depthwise_conv_int.ts';
import type { Heap, HeapTensor, Step } from '../../src/wasm/heap.ts';
import type { Rescale } from '../../src/wasm/rescale.ts';
import { transposeConvInt } from '../../src/wasm/transpose_conv_int.ts';
import { fenced, same, source } from './fenced.ts';
import { bothHalves } from './halves.ts';

const halves = await bothHalves();
type Numbers = readonly number[];
type Kernel = (...args: number[]) => void;

/** Around every block: 4 pixels, 8 channels, pairs of values, 16 bytes. */
const channels = fc.constantFrom(1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 130);
const small = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
const from0 = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));

const raw = fc.record({
  n: fc.integer({ min: 0, max: 3 }),
  size: small(11),
  inC: channels,
  outC: channels,
  filter: small(4),
  stride: small(3),
  dilation: fc.oneof(fc.constant([1, 1]), small(3)),
  padding: from0,
  after: from0,
  groups: fc.constantFrom(1, 1, 1, 2, 3),
  seed: fc.integer({ min: 1, max: 1e6 }),
  skew: fc.integer({ min: 0, max: 15 }),
  bias: fc.boolean(),
  wild: fc.boolean(),
  relu: fc.boolean(),
  perTensor: fc.boolean(),
  int4: fc.boolean(),
  rounding: fc.constantFrom('double' as const, 'single' as const),
  half: fc.constantFrom('plain' as const, 'relaxed' as const),
});
/** With the size of the output, where there is one. */
const sized = (geometry: typeof raw) =>
  geometry
    .map((g) => ({
      ...g,
      out: [0, 1].map((i) => {
        const room = g.size[i] + g.padding[i] + g.after[i] - (g.filter[i] - 1) * g.dilation[i] - 1;
        return Math.floor(room / g.stride[i]) + 1;
      }),
    }))
    .filter((g) => g.out[0] > 0 && g.out[1] > 0);
const geometry = sized(raw);
/** Windows that have kernels of their own. */
const plain3x3 = sized(raw.map((g) => ({ ...g, filter: [3, 3], stride: [1, 1], dilation: [1, 1] })));
type Case = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

interface Layer {
  readonly dtype: 'i8' | 'i16';
  readonly x: Numbers;
  readonly w: Numbers;
  readonly y: Numbers;
  make(heap: Heap, y: HeapTensor, x: HeapTensor, w: HeapTensor, bias: HeapTensor | null, p: Rescale): Step;
  readonly reference: string;
  /** What the reference takes between the factors and the numbers of the output. */
  readonly sizes: Numbers;
}

/** The step twice, on fresh inputs, against the plain twin. */
function check(g: Case, layer: Layer): void {
  const heap = halves[g.half][g.rounding];
  const random = source(g.seed);
  const outC = layer.y[3];
  const wide = layer.dtype === 'i16';
  heap.scope(() => {
    const fill = wide ? random.i16 : random.i8;
    const x = fenced(heap, layer.dtype, layer.x, wide ? g.skew & ~1 : g.skew, fill(sizeOf(layer.x)));
    const y = fenced(heap, layer.dtype, layer.y, wide ? g.skew & ~1 : g.skew);
    const want = heap.tensor(layer.dtype, layer.y);
    const weights = (g.int4 ? random.i4 : random.i8)(sizeOf(layer.w));
    if (g.wild) weights.fill(0, 0, weights.length / outC); // a channel without weights, or part of some
    const w = heap.tensor(g.int4 ? 'i4' : 'i8', layer.w, weights);
    const plain = heap.tensor('i8', layer.w, weights);
    const longs = wide && random.between(0, 1) === 1;
    const values = random.bias(outC);
    const bias = g.bias ? heap.tensor(longs ? 'i64' : 'i32', [outC], longs ? BigInt64Array.from(values, BigInt) : values) : null;
    const limits = wide ? [-32768, 32767] : [-128, 127];
    const yOffset = wide ? 0 : random.between(-128, 127);
    const yMin = g.relu ? yOffset : g.wild ? random.between(limits[0], limits[1]) : limits[0];
    const p = {
      ...random.factors(g.perTensor ? 1 : outC, g.wild && !wide),
      xOffset: wide ? 0 : random.between(-127, 128),
      yOffset,
      yMin,
      yMax: random.between(yMin, limits[1]),
      wide: wide ? longs : undefined,
    };
    const step = layer.make(heap, y.tensor, x.tensor, w, bias, p);
    const factors = [p.multiplier, p.shift].map((v) => heap.tensor('i32', [v.length], v).ptr);
    const reference = (heap.wasm as unknown as Record<string, Kernel>)[layer.reference];
    const head = [want.ptr, x.tensor.ptr, plain.ptr, bias?.ptr ?? 0, ...factors, g.perTensor ? 0 : 4];
    const tail = wide ? [p.yMin, p.yMax] : [p.xOffset, p.yOffset, p.yMin, p.yMax];
    for (let round = 0; round < 2; round++) {
      heap.write(x.tensor, fill(sizeOf(layer.x)));
      step();
      reference(...head, ...(wide ? [Number(longs)] : []), ...layer.sizes, ...tail);
      same(heap.read(y.tensor), heap.read(want));
      y.check();
      x.check();
    }
  });
}

for (const dtype of ['i8', 'i16'] as const) {
  const suffix = dtype === 'i8' ? 's8' : 's16';

  test(`convolution ${suffix} equals its plain twin for any geometry`, () => {
    fc.assert(
      fc.property(geometry, (g) => {
        const [inC, outC] = [g.inC * g.groups, g.outC * g.groups];
        check(g, {
          dtype,
          x: [g.n, ...g.size, inC],
          w: [outC, ...g.filter, g.inC],
          y: [g.n, ...g.out, outC],
          make: (heap, y, x, w, bias, p) => convInt(heap, y, x, w, bias, { ...p, ...g }),
          reference: `conv_${suffix}_ref`,
          sizes: [g.n, ...g.size, inC, ...g.out, outC, ...g.filter, ...g.stride, ...g.padding, ...g.dilation, g.groups],
        });
      }),
      { numRuns: 250 },
    );
  });

  test(`depthwise convolution ${suffix} equals its plain twin for any geometry`, () => {
    fc.assert(
      fc.property(fc.oneof(geometry, plain3x3), (g) => {
        const outC = g.inC * g.groups;
        check(g, {
          dtype,
          x: [g.n, ...g.size, g.inC],
          w: [1, ...g.filter, outC],
          y: [g.n, ...g.out, outC],
          make: (heap, y, x, w, bias, p) => depthwiseConvInt(heap, y, x, w, bias, { ...p, ...g }),
          reference: `depthwise_conv_${suffix}_ref`,
          sizes: [g.n, ...g.size, g.inC, ...g.out, outC, ...g.filter, ...g.stride, ...g.padding, ...g.dilation],
        });
      }),
      { numRuns: 250 },
    );
  });
}

test('transposed convolution s8 equals its plain twin for any geometry', () => {
  fc.assert(
    fc.property(geometry, (g) => {
      // The whole of what the filter reaches, less the padding, more or less.
      const out = [0, 1].map((i) =>
        Math.max(1, (g.size[i] - 1) * g.stride[i] + g.filter[i] - g.padding[i] - g.after[i] + (g.seed % 3)),
      );
      check(g, {
        dtype: 'i8',
        x: [g.n, ...g.size, g.inC],
        w: [g.outC, ...g.filter, g.inC],
        y: [g.n, ...out, g.outC],
        make: (heap, y, x, w, bias, p) => transposeConvInt(heap, y, x, w, bias, { ...p, ...g }),
        reference: 'transpose_conv_s8_ref',
        sizes: [g.n, ...g.size, g.inC, ...out, g.outC, ...g.filter, ...g.stride, ...g.padding],
      });
    }),
    { numRuns: 250 },
  );
});

test('a window over more than 511 values of int16 does not wrap', () => {
  const heap = halves.plain.double;
  heap.scope(() => {
    const x = heap.tensor('i16', [1, 3, 3, 200], new Int16Array(1800).fill(-32768));
    const w = heap.tensor('i8', [1, 3, 3, 200], new Int8Array(1800).fill(-128));
    const y = heap.tensor('i16', [1, 1, 1, 1]);
    const p = { xOffset: 0, yOffset: 0, multiplier: [2 ** 30], shift: [-18], yMin: -32768, yMax: 32767 };
    convInt(heap, y, x, w, null, { ...p, stride: [1, 1], padding: [0, 0] })();
    assert.is(heap.read(y)[0], (1800 * 2 ** 22) / 2 ** 19);
  });
});

test('refuses what does not meet', () => {
  const heap = halves.plain.double;
  heap.scope(() => {
    const x = heap.tensor('i8', [1, 2, 2, 3]);
    const w = heap.tensor('i8', [4, 1, 1, 2]);
    const y = heap.tensor('i8', [1, 2, 2, 4]);
    const p = {
      xOffset: 0,
      yOffset: 0,
      multiplier: [2 ** 30],
      shift: [0],
      yMin: -128,
      yMax: 127,
      stride: [1, 1],
      padding: [0, 0],
    } as const;
    assert.throws(() => convInt(heap, y, x, w, null, p), /3 channels/);
    const good = heap.tensor('i8', [4, 1, 1, 3]);
    assert.throws(() => convInt(heap, y, x, good, null, { ...p, multiplier: [1, 2], shift: [1, 2] }), /2 multipliers/);
  });
});

test.run();
