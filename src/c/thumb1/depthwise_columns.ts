import type { Geometry } from '../geometry.ts';

/**
 * Assembly of a 3x3 depthwise convolution of one channel on ARMv6-M, without scratch: a column of three pixels is loaded once a row and
 * is added to the sums of all outputs that it touches. Pixels are taken less the zero point, so what lies outside the image counts nothing.
 *
 * Registers: r0 x, r1 r2 r3 a column, r4 r5 r6 sums, r7 free; r8 bytes of a row of the image, r9 from a column's last pixel to the next
 * column, r10 y, r11 bytes from output to output. The stack holds weights, scales and ends of loops.
 */
export interface Columns {
  readonly g: Geometry;
  /** Channels of a call; by default all that the output has. */
  readonly channels?: number;
  readonly zero: number;
  readonly split: number;
  readonly shift: number;
  readonly sign: boolean;
}

export const channelsIn = ({ g, channels = g.outC }: Columns): number => channels;

/** Places in the stack frame: nine weights, first sum, range, both parts of the multiplier, constant, product of sum 0, tie, ends. */
export const FRAME = {
  weights: 0,
  first: 36,
  range: 40,
  low: 44,
  high: 48,
  constant: 52,
  zero: 56,
  tie: 60,
  rows: 64,
  columns: 68,
  bytes: 72,
};

const LONGEST_ROW = 6;
const LARGEST_IMAGE = 12;

export function hasColumns(g: Geometry): boolean {
  const fits = (size: number, out: number, before: number) => {
    const over = (out - 1) * g.sH - before + 3 - size;
    return before <= 1 && over <= 1 && size >= 2 && out >= 2;
  };
  const square = g.kH === 3 && g.kW === 3 && g.dH === 1 && g.dW === 1 && g.sH === g.sW && g.sH <= 2;
  return square && g.outC === g.inC && g.images === 1 && fits(g.inH, g.outH, g.top) && fits(g.inW, g.outW, g.left);
}

/** All rows of one channel; r0 at its first input, r10 at its first output, which they leave behind. */
export function channelListing(c: Columns): string[] {
  const { g } = c;
  const listing: string[] = [];
  const kindOf = (oy: number) => {
    const first = oy * g.sH - g.top;
    return { from: first < 0 ? 1 : 0, end: first + 3 > g.inH ? 2 : 3 };
  };
  const whole = g.outH * g.outW <= LARGEST_IMAGE;
  let label = 10;
  for (let oy = 0; oy < g.outH; ) {
    const kind = kindOf(oy);
    let same = 1;
    while (!whole && oy + same < g.outH && kindOf(oy + same).from === kind.from && kindOf(oy + same).end === kind.end) same++;
    if (same > 1) listing.push(...loopTo(FRAME.rows, same), `${label}:`);
    rowListing(c, kind.from, kind.end, listing, oy + same === g.outH && same === 1 ? 0 : g.sH - (kind.from ? g.top : 0));
    if (same > 1) listing.push(...loopWhile(FRAME.rows, label, listing));
    label += 2;
    oy += same;
  }
  return listing;
}

/** A counter on the stack. */
const loopTo = (place: number, turns: number): string[] => [...constant('r7', turns), `str r7, [sp, #${place}]`];

const loopWhile = (place: number, label: number, listing: readonly string[]): string[] => [
  `ldr r7, [sp, #${place}]`,
  'subs r7, r7, #1',
  `str r7, [sp, #${place}]`,
  `beq ${label + 1}f`,
  backTo(label, listing),
  `${label + 1}:`,
];

/** A jump back to the last such label: beyond 2 KB only BL reaches; the link register is free. */
export function backTo(label: number, listing: readonly string[]): string {
  const lines = listing.length - listing.lastIndexOf(`${label}:`);
  return `${lines > 950 ? 'bl' : 'b'} ${label}b`;
}

/** A number of 0..65535 in a low register. */
export function constant(register: string, value: number): string[] {
  if (value < 256) return [`movs ${register}, #${value}`];
  const low = value & 255;
  return [`movs ${register}, #${value >> 8}`, `lsls ${register}, ${register}, #8`, ...(low ? [`adds ${register}, #${low}`] : [])];
}

/** r0 plus a constant of either sign; r7 is free. */
function moveX(bytes: number): string[] {
  if (bytes === 0) return [];
  const size = Math.abs(bytes);
  if (size < 256) return [`${bytes > 0 ? 'adds' : 'subs'} r0, #${size}`];
  if (size < 65536) return [...constant('r7', size), `${bytes > 0 ? 'adds' : 'subs'} r0, r0, r7`];
  return [
    ...constant('r7', size >> 8),
    'lsls r7, r7, #8',
    ...(size & 255 ? [`adds r7, #${size & 255}`] : []),
    `${bytes > 0 ? 'adds' : 'subs'} r0, r0, r7`,
  ];
}

/** One row of outputs from kernel row `from` to before `end`; then r0 moves `down` rows from its start. */
function rowListing(c: Columns, from: number, end: number, listing: string[], down: number): void {
  const { g } = c;
  const used = Math.min(g.inW, (g.outW - 1) * g.sW - g.left + 3);
  const column = (x: number) => listing.push(...loadColumn(c, end - from), ...useColumn(c, x, from, end));
  const period = g.sW === 1 ? 3 : 4;
  const first = 3 - g.left + (g.sW === 2 ? g.left : 0); // columns before the pattern repeats
  const turns = g.outW <= LONGEST_ROW ? 0 : Math.floor((used - first - 1) / period);
  let x = 0;
  if (turns >= 2) {
    while (x < first) column(x++);
    listing.push(...loopTo(FRAME.columns, turns), '6:');
    for (let i = 0; i < period; i++) column(first + i);
    listing.push(...loopWhile(FRAME.columns, 6, listing));
    x = first + turns * period;
  }
  while (x < used) column(x++);
  listing.push(...moveX(down * g.inW * g.inC - used * g.inC));
}

/** The pixels of a column less the zero point into r1.. ; r0 moves to the next column. */
function loadColumn({ g, zero }: Columns, rows: number): string[] {
  const values = ['r1', 'r2', 'r3'].slice(0, rows);
  const back = rows === 3 ? ['add r0, r9'] : [];
  return [
    'movs r7, #0',
    ...values.flatMap((r, i) => [
      `ldrsb ${r}, [r0, r7]`,
      ...(i < rows - 1 ? ['add r0, r8'] : []),
      ...(zero > 0 ? [`subs ${r}, #${zero}`] : zero < 0 ? [`adds ${r}, #${-zero}`] : []),
    ]),
    ...(rows === 3 ? back : moveX(g.inC - (rows - 1) * g.inW * g.inC)),
  ];
}

/** Column `x` is added to the sums of up to three outputs; the one it completes is stored. */
function useColumn(c: Columns, x: number, from: number, end: number): string[] {
  const { g } = c;
  const listing: string[] = [];
  const done: string[] = [];
  for (const kx of [2, 1, 0]) {
    const o = (x + g.left - kx) / g.sW;
    if (!Number.isInteger(o) || o < 0 || o >= g.outW) continue;
    const sum = g.sW === 1 ? ['r4', 'r5', 'r6'][o % 3] : ['r4', 'r5'][o % 2];
    const left = o * g.sW < g.left;
    const right = o * g.sW - g.left + 2 >= g.inW;
    if (kx === (left ? 1 : 0)) listing.push(`ldr ${sum}, [sp, #${FRAME.first}]`);
    for (let ky = from; ky < end; ky++) {
      const value = ['r1', 'r2', 'r3'][ky - from];
      listing.push(`ldr r7, [sp, #${FRAME.weights + 4 * (3 * ky + kx)}]`, `muls r7, ${value}`, `adds ${sum}, ${sum}, r7`);
    }
    if (kx === 2 || (kx === 1 && right)) done.push(...finish(c, sum));
  }
  return [...listing, ...done];
}

/** A sum to an output at r10, which moves on; the column's registers are free. */
function finish({ split, shift, sign }: Columns, sum: string): string[] {
  return [
    `asrs r7, ${sum}, #31`,
    `bics ${sum}, r7`,
    `ldr r1, [sp, #${FRAME.range}]`,
    `subs r1, r1, ${sum}`,
    'asrs r7, r1, #31',
    'bics r1, r7',
    `ldr r2, [sp, #${FRAME.low}]`,
    'muls r2, r1',
    `lsrs r2, r2, #${split}`,
    `ldr r3, [sp, #${FRAME.high}]`,
    'muls r1, r3',
    'adds r1, r1, r2',
    ...(sign
      ? [`ldr r2, [sp, #${FRAME.zero}]`, 'cmp r1, r2', 'ble 5f', `ldr r2, [sp, #${FRAME.tie}]`, 'adds r1, r1, r2', '5:']
      : []),
    `ldr r2, [sp, #${FRAME.constant}]`,
    'subs r2, r2, r1',
    `asrs r2, r2, #${shift}`,
    'mov r3, r10',
    'strb r2, [r3]',
    'add r10, r11',
  ];
}
