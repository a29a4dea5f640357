import type { Geometry } from '../geometry.ts';

/**
 * Assembly of a 3x3 depthwise convolution, channel by channel and without scratch: a column of three pixels is loaded once a row and
 * is added to the sums of all outputs that it touches.
 *
 * Registers: r0 y, r1 x; weights r2 r3 r4 (columns 0 1 2: rows 0 and 1 in halves), r5 (row 2 of columns 0 and 1), r6 (row 2 of column
 * 2); sums r7 r8 and r9; a column r10 (rows 0 and 1 in halves), r11 (row 2); r12 multiplier, lr what
 * sums begin with. With stride 2 two sums are
 * enough and r9 points into the table. Weights are scaled.
 *
 * Outside the image is the zero point: above it as a constant in the column; left, right and below it in the first value of a sum.
 */
export interface Columns {
  readonly g: Geometry;
  /** Channels of a call; by default all that the output has. */
  readonly channels?: number;
  readonly zero: number;
  /** Shift of the rescaled sum, the same for all channels. */
  readonly shift: number;
  readonly clamp: readonly [number, number] | null;
}

export const channelsIn = ({ g, channels = g.outC }: Columns): number => channels;

/** What a sum begins with where a part of its window lies outside: which columns and rows. */
export const EDGES = ['left', 'right', 'below', 'belowLeft', 'belowRight'] as const;
export type Edge = (typeof EDGES)[number];

const WEIGHTS = ['r2', 'r3', 'r4'];
const PAIR = 'r10';
const LAST = 'r11';

/** Largest offset of a load, and of an immediate to be added. */
const REACH = 4095;
/** Rows of up to this many outputs are written out whole, by stride. */
const LONGEST_ROW = [0, 6, 12];
/** Columns of one turn of the loop over longer ones: whole periods of the registers of sums. */
const PIECE = [0, 6, 12];
/** Images of up to this many outputs are written out whole. */
const LARGEST_IMAGE = 12;

/** Places in the stack frame: edges of stride 1, ends of the loops over rows and columns, table and its end. */
export const FRAME = { left: 0, rows: 20, columns: 24, table: 28, end: 32, bytes: 40 };

/** Whether the assembly can do this geometry. */
export function hasColumns(g: Geometry): boolean {
  const fits = (size: number, out: number, before: number) => {
    const over = (out - 1) * g.sH - before + 3 - size;
    return before <= 1 && over <= 1 && size >= 2 && out >= 2;
  };
  const square = g.kH === 3 && g.kW === 3 && g.dH === 1 && g.dW === 1 && g.sH === g.sW && g.sH <= 2;
  if (!square || g.outC !== g.inC || !fits(g.inH, g.outH, g.top) || !fits(g.inW, g.outW, g.left)) return false;
  const span = g.outW <= LONGEST_ROW[g.sW] ? g.inW : 2 * PIECE[g.sW] + 5;
  return (2 * g.inW + span) * g.inC <= REACH;
}

/** The edges that this geometry has, in the order of `EDGES`. */
export function edgesOf(g: Geometry): Edge[] {
  const left = g.left > 0;
  const right = (g.outW - 1) * g.sW - g.left + 2 >= g.inW;
  const below = (g.outH - 1) * g.sH - g.top + 2 >= g.inH;
  const has = { left, right, below, belowLeft: below && left, belowRight: below && right };
  return EDGES.filter((e) => has[e]);
}

/** Bytes of a channel in the table: five words of weights, multiplier, constant, and the edges of stride 2. */
export const channelWords = (g: Geometry): number => 7 + (g.sW === 2 ? edgesOf(g).length : 0);

/** All rows of one channel; r0 and r1 end at the next channel's first values. */
export function channelListing(c: Columns): string[] {
  const { g } = c;
  const listing: string[] = [];
  const pitch = g.inW * g.inC;
  const outPitch = g.outW * g.outC;
  const above = (oy: number) => oy * g.sH < g.top;
  const below = (oy: number) => oy * g.sH - g.top + 2 >= g.inH;
  const whole = g.outH * g.outW <= LARGEST_IMAGE;
  const at: Position = { y: 0, x: 0 };
  for (let oy = 0; oy < g.outH; ) {
    const start = { y: oy * outPitch, x: Math.max(0, oy * g.sH - g.top) * pitch };
    let same = 1;
    while (!whole && oy + same < g.outH && above(oy + same) === above(oy) && below(oy + same) === below(oy)) same++;
    const far = start.x - at.x + 3 * g.inW * g.inC > REACH;
    goTo(listing, at, whole ? at.y : start.y, whole && !far ? at.x : start.x);
    if (same > 1) listing.push(...loopTo(FRAME.rows, same * outPitch), `${10 + oy}:`);
    rowListing(c, above(oy), below(oy), listing, at, start);
    if (same > 1) {
      goTo(listing, at, start.y + outPitch, start.x + g.sH * pitch);
      listing.push(...loopWhile(FRAME.rows, `${10 + oy}b`));
      at.y = start.y + same * outPitch;
      at.x = start.x + same * g.sH * pitch;
    }
    oy += same;
  }
  goTo(listing, at, 1, 1);
  return listing;
}

/** Bytes from the channel's first values. */
interface Position {
  y: number;
  x: number;
}

/** Moves r0 and r1. */
function goTo(listing: string[], at: Position, y: number, x: number): void {
  listing.push(...add('r0', 'r0', y - at.y), ...add('r1', 'r1', x - at.x));
  at.y = y;
  at.x = x;
}

/** A pointer plus a constant; the column's register is free. */
function add(to: string, from: string, bytes: number): string[] {
  if (bytes === 0 && to === from) return [];
  const [op, size] = bytes >= 0 ? ['add', bytes] : ['sub', -bytes];
  if (size <= REACH) return [`${op}w ${to}, ${from}, #${size}`];
  const high = size >= 65536 ? [`movt ${PAIR}, #${size >>> 16}`] : [];
  return [`movw ${PAIR}, #${size & 0xffff}`, ...high, `${op} ${to}, ${from}, ${PAIR}`];
}

/** Where r0 will be after the loop, kept on the stack. */
const loopTo = (place: number, bytes: number): string[] => [...add(PAIR, 'r0', bytes), `str ${PAIR}, [sp, #${place}]`];

const loopWhile = (place: number, label: string): string[] => [`ldr ${PAIR}, [sp, #${place}]`, `cmp r0, ${PAIR}`, `bne ${label}`];

/** One row of outputs, whose first values lie at `start`. Long ones repeat a piece. */
function rowListing(c: Columns, above: boolean, below: boolean, listing: string[], at: Position, start: Position): void {
  const { g } = c;
  const used = Math.min(g.inW, (g.outW - 1) * g.sW - g.left + 3);
  const columns = (from: number, end: number) => {
    for (let x = from; x < end; x++) {
      listing.push(...loadColumn(c, start.x - at.x + x * g.inC, above, below), ...useColumn(c, x, start.y - at.y, below));
    }
  };
  const piece = PIECE[g.sW];
  const first = 3 - g.left + (g.sW === 2 ? g.left : 0); // columns before the pattern repeats
  // An output at the right edge begins with another value than those of the loop.
  const right = (g.outW - 1) * g.sW - g.left + 2 >= g.inW;
  const end = right ? (g.outW - 1) * g.sW - g.left : used - 1;
  const turns = g.outW <= LONGEST_ROW[g.sW] ? 0 : Math.floor((end - first) / piece);
  if (turns < 2) {
    columns(0, used);
    return;
  }
  columns(0, first);
  const done = Math.floor((first - 1 + g.left - 2) / g.sW) + 1; // outputs that are finished
  const made = piece / g.sW;
  goTo(listing, at, start.y + done * g.outC, start.x + first * g.inC);
  listing.push(...loopTo(FRAME.columns, turns * made * g.outC), '3:');
  columns(first, first + piece);
  goTo(listing, at, at.y + made * g.outC, at.x + piece * g.inC);
  listing.push(...loopWhile(FRAME.columns, '3b'));
  at.y = start.y + (done + turns * made) * g.outC;
  at.x = start.x + (first + turns * piece) * g.inC;
  columns(first + turns * piece, used);
}

/** Rows 0 and 1 of a column into the pair and row 2 into the last, which below the image is left out. */
function loadColumn({ g, zero }: Columns, offset: number, above: boolean, below: boolean): string[] {
  const row = (n: number) => `[r1, #${offset + (above ? n - 1 : n) * g.inW * g.inC}]`;
  return [
    above ? `movw ${PAIR}, #${zero & 0xffff}` : `ldrsb.w ${PAIR}, ${row(0)}`,
    `ldrsb.w ${LAST}, ${row(1)}`,
    `pkhbt ${PAIR}, ${PAIR}, ${LAST}, lsl #16`,
    ...(below ? [] : [`ldrsb.w ${LAST}, ${row(2)}`]),
  ];
}

/** Column `x` is added to the sums of up to three outputs; those it completes are stored. The row's first output lies at r0 plus `row`. */
function useColumn(c: Columns, x: number, row: number, below: boolean): string[] {
  const { g } = c;
  const listing: string[] = [];
  for (const kx of [2, 1, 0]) {
    const o = (x + g.left - kx) / g.sW;
    if (!Number.isInteger(o) || o < 0 || o >= g.outW) continue;
    const sum = g.sW === 1 ? ['r7', 'r8', 'r9'][o % 3] : ['r7', 'r8'][o % 2];
    const left = o * g.sW < g.left;
    const right = o * g.sW - g.left + 2 >= g.inW;
    const begins = kx === (left ? 1 : 0);
    const edge = edgeOf(left, right, below);
    if (begins && edge) listing.push(`ldr ${sum}, ${edgeAddress(g, edge)}`);
    listing.push(begins && !edge ? `smlad ${sum}, ${PAIR}, ${WEIGHTS[kx]}, lr` : `smlad ${sum}, ${PAIR}, ${WEIGHTS[kx]}, ${sum}`);
    if (!below) listing.push(`${['smlabb', 'smlabt', 'smlabb'][kx]} ${sum}, ${LAST}, ${['r5', 'r5', 'r6'][kx]}, ${sum}`);
    if (kx === 2 || (kx === 1 && right)) listing.push(...finish(c, sum, row + o * g.outC));
  }
  return listing;
}

function edgeOf(left: boolean, right: boolean, below: boolean): Edge | null {
  if (below) return left ? 'belowLeft' : right ? 'belowRight' : 'below';
  return left ? 'left' : right ? 'right' : null;
}

const edgeAddress = (g: Geometry, edge: Edge): string =>
  g.sW === 1 ? `[sp, #${FRAME.left + 4 * EDGES.indexOf(edge)}]` : `[r9, #${4 * (edgesOf(g).indexOf(edge) - edgesOf(g).length)}]`;

function finish({ shift, clamp }: Columns, sum: string, offset: number): string[] {
  const store = `strb.w ${sum}, [r0, #${offset}]`;
  if (!clamp) return [`smmul ${sum}, ${sum}, r12`, `ssat ${sum}, #8, ${sum}, asr #${shift}`, store];
  const [least, largest] = clamp;
  return [
    `smmul ${sum}, ${sum}, r12`,
    `asr ${sum}, ${sum}, #${shift}`,
    `cmp ${sum}, #${least}`,
    'it lt',
    `movlt ${sum}, #${least}`,
    `cmp ${sum}, #${largest}`,
    'it gt',
    `movgt ${sum}, #${largest}`,
    store,
  ];
}
