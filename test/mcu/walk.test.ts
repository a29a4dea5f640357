import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Variant } from '../../src/c/parts.ts';
import { bytesOfListing } from '../../src/mcu/assembly/bytes.ts';
import { countAssembly } from '../../src/mcu/assembly/count.ts';
import { parseListing } from '../../src/mcu/assembly/listing.ts';
import { inLongLoop } from '../../src/mcu/walk/compiled.ts';
import { keyOf } from '../../src/mcu/walk/key.ts';
import { Walker } from '../../src/mcu/walk/walker.ts';

const LOOP = [
  'push {r4, lr}',
  'movs r4, #0',
  '1:',
  'adds r4, r4, #1',
  '2:',
  'subs r1, r1, #1',
  'bne 2b',
  'movs r1, #3',
  'cmp r4, r0',
  'bne 1b',
  'pop {r4, pc}',
];

test('instructions of nested loops are counted, however often they turn', () => {
  const listing = parseListing(LOOP);
  const counted = (outer: number, inner: number) =>
    countAssembly(
      listing,
      new Map([
        ['r0', outer],
        ['r1', inner],
      ]),
    ).instructions;
  // Two before, one after; each turn of the outer loop has four of its own and two for each of the inner one.
  for (const [outer, inner] of [
    [1, 1],
    [2, 5],
    [7, 1],
    [1000, 100_000],
    [123_456, 9],
  ] as const) {
    assert.is(counted(outer, inner), 3 + 4 * outer + 2 * inner + 2 * 3 * (outer - 1));
  }
});

test('a loop over addresses, a jump into the middle of one, and hardware loops', () => {
  const pointers = parseListing(['adds r2, r0, r1', '1:', 'ldr r3, [r0], #4', 'cmp r0, r2', 'bne 1b', 'bx lr']);
  assert.is(
    countAssembly(
      pointers,
      new Map([
        ['r0', 0x2000],
        ['r1', 400],
      ]),
    ).instructions,
    2 + 3 * 100,
  );
  const middle = parseListing([
    'movs r4, #8',
    'adr r5, 2f',
    'add r4, r4, r5',
    'bx r4',
    '2:',
    'mla r0, r0, r0, r0',
    'mla r0, r0, r0, r0',
    'mla r0, r0, r0, r0',
    'bx lr',
  ]);
  assert.is(countAssembly(middle, new Map()).instructions, 4 + 2);
  const hardware = parseListing(['dls lr, r0', '1:', 'vldrb.u8 q0, [r1], #16', 'le lr, 1b', 'bx r12']);
  assert.throws(() => countAssembly(hardware, new Map([['r0', 9]])), /nowhere by r12/);
  const tail = parseListing(['dlstp.8 lr, %n', '1:', 'vldrb.u8 q0, [r1], #16', 'letp lr, 1b']);
  assert.is(countAssembly(tail, new Map([['%n', 33]])).instructions, 1 + 2 * 3);
});

test('what data decides runs half of the time, and at most', () => {
  const listing = parseListing(['ldr r2, [r0]', 'cmp r2, #0', 'ble 1f', 'adds r3, r3, r2', 'adds r3, r3, #1', '1:', 'bx lr']);
  const { instructions, worst } = countAssembly(listing, new Map([['r0', 0x2000]]));
  assert.is(instructions, 5);
  assert.is(instructions + worst, 6);
});

test('instructions are counted by class', () => {
  const listing = parseListing(['push {r4-r7, lr}', 'ldr r4, [r0]', 'muls r4, r5', 'strd r4, r5, [r0]', 'pop {r4-r7, pc}']);
  const { loads, words, multiplies } = countAssembly(listing, new Map([['r0', 0x2000]]));
  assert.equal([loads, words, multiplies], [1, 5 + 2 + 5, 1]);
});

test('bytes of code: forms of 16 bits where they exist, far branches longer', () => {
  assert.is(
    bytesOfListing(parseListing(['adds r0, r0, #7', 'adds r0, r0, #255', 'mov r8, r0', 'ldr r0, [sp, #1020]', 'strb r1, [r0]'])),
    10,
  );
  assert.is(bytesOfListing(parseListing(['adds r0, r1, #8', 'add r8, r0, #1', 'ldr.w r0, [r1]', 'smlad r0, r1, r2, r0'])), 16);
  const far = ['1:', ...new Array<string>(130).fill('mov r0, r0'), 'bne 1b'];
  assert.is(bytesOfListing(parseListing(far)), 130 * 2 + 4);
});

const walked = (text: string, name: string, values: readonly number[] = [], variant: Variant = 'plain') =>
  new Walker([{ name, text }], variant).walk(name, values);

const runs = (walk: ReturnType<typeof walked>): number[] => [...walk.parts.values()].map((r) => r.usual);

test('loops of C count their turns; conditions on sizes are decided', () => {
  const text = `static void f(int8_t *y, const int8_t *x, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
      const int32_t iy = (i * 2) - 1;
      if ((iy >= 0) && (iy < 6)) {
        y[i] = x[iy];
      }
      for (int32_t k = 4; k > 0; k--) {
        y[i] += x[k];
      }
    }
  }`;
  // The function, its loop, the part inside (i is 1, 2 or 3), the inner loop.
  assert.equal(runs(walked(text, 'f', [0, 0, 10])), [1, 10, 3, 40]);
});

test('a condition on data is half a run, and a whole one at most', () => {
  const walk = walked('static void f(int8_t *y) { if (y[0] > 3) { y[0] = 3; } }', 'f');
  assert.equal(
    [...walk.parts.values()].map((r) => [r.usual, r.most]),
    [
      [1, 1],
      [0.5, 1],
    ],
  );
});

test('of twins the assembly counts where it is compiled', () => {
  const text = `#if defined(__ARM_FEATURE_DSP) && !defined(THUMBNET_PLAIN)
THUMBNET_ASSEMBLY static void f(int32_t n) {
  __asm volatile(
      ".syntax unified\\n"
      "1:\\n"
      "  subs r0, r0, #1\\n"
      "  bne 1b\\n"
      "  bx lr\\n");
}
#else
static void f(int32_t n) {
  for (int32_t i = 0; i < n; i++) {
  }
}
#endif
`;
  assert.is(walked(text, 'f', [50], 'dsp').assembly, 101);
  assert.equal([walked(text, 'f', [50], 'plain').assembly, runs(walked(text, 'f', [50], 'plain'))], [0, [1, 50]]);
});

test('a part is told by its text without its numbers, but for those of which compilers make other code', () => {
  const text = (bounds: string, shift = '- 7', multiplier = 1_595_507_781) =>
    `y [ i ] = clamp ( requantize ( x [ i ] , ${multiplier} , ${shift} ) , ${bounds} ) ;`;
  const same = (a: string, b: string) => assert.is(keyOf(a), keyOf(b));
  const other = (a: string, b: string) => assert.is.not(keyOf(a), keyOf(b));
  same(text('- 100 , 90'), text('- 20 , 33', '- 3', 1_100_000_001));
  same(text('- 128 , 127'), text('- 32768 , 32767'));
  other(text('- 128 , 127'), text('- 128 , 90'));
  other(text('0 , 127'), text('- 128 , 127'));
  other(text('0 , 127'), text('0 , 90'));
  other(text('- 9 , 90'), text('3 , 90'));
  for (const shift of ['0', '1']) other(text('0 , 127'), text('0 , 127', shift));
  other(text('0 , 127', '1'), text('0 , 127', '1', 2 ** 30));
});

test('the body of a loop of few turns is a part of its own', () => {
  const parts = (turns: number) => {
    const text = `static void f(int8_t *y) {\n  for (int32_t i = 0; i < ${turns}; i++) {\n    y[i] = 3;\n  }\n}`;
    return [...new Walker([{ name: 'f', text }], 'plain').walk('f', [Number.NaN]).parts.keys()];
  };
  assert.equal(parts(9), parts(70));
  for (const turns of [1, 2, 3]) assert.equal(parts(turns).map(inLongLoop), parts(9));
  assert.is.not(parts(2).join(), parts(3).join());
});

test.run();
