import { randomGraph } from '../../bench/c/random_graphs.ts';
import { RANDOM_OPERATORS } from '../../bench/c/random_operators.ts';
import type { Trade, Variant } from '../../src/c/parts.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { createRandom, type Random } from '../../src/random.ts';
import type { CoreName } from '../../src/targets/index.ts';
import type { Heap } from '../../src/wasm/heap.ts';
import { type LayerSpec, layersGraph } from '../../test/c/layers.ts';
import { mergeGraphs } from '../../test/c/merge.ts';
import { graphOf } from '../../test/formats/row_graphs.ts';
import {
  IMAGES,
  KEPT_IMAGES,
  operatorGraphs,
  operatorsWithoutZeros,
  sameScales,
  smallPools,
  usualOperators,
} from './generated_operators.ts';

/** Networks of layers side by side, whose generated C is counted: equal in every run. */

const CHANNELS = [1, 2, 3, 4, 5, 6, 8, 8, 10, 12, 16, 16, 20, 24, 28, 32, 32, 40, 48, 64, 64, 96, 128];
const SIZES = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 20, 24, 25, 28, 32];
const WINDOWS = [
  [3, 3],
  [3, 3],
  [3, 3],
  [5, 5],
  [2, 2],
  [1, 3],
  [3, 1],
  [4, 4],
  [10, 4],
  [7, 7],
  [5, 3],
  [1, 1],
  [5, 1],
  [1, 9],
  [7, 3],
];
/** Windows over time. */
const LINES = [3, 4, 5, 7, 9, 12, 16].map((n) => [n, 1]);
const LARGEST = { work: 400_000, bytes: 20_000, outputs: 40_000 };
/** Of layers as networks have them: whole vectors of channels, and more of everything. */
const USUAL = { channels: [3, 8, 16, 16, 24, 32, 32, 64, 64, 128], least: 300_000, work: 2_500_000 };
/** Each of these takes as much memory as many of the others. */
const TOGETHER_USUAL = 8;
/** Layers of one network: its inputs and outputs must fit into the memory of a board. */
const TOGETHER = 30;
/** Those of 16 bits take twice as much. */
const TOGETHER_WIDE = 12;

const size = (s: readonly number[]) => s.reduce((a, b) => a * b, 1);

type Draw = (pick: <T>(from: readonly T[]) => T, random: Random) => LayerSpec;

const activation = (random: Random) => (random.uniform() < 0.55 ? ('relu' as const) : ('none' as const));

const convolution =
  (window: readonly (readonly number[])[], attrs: LayerSpec['attrs'] = {}): Draw =>
  (pick, random) => {
    const [kH, kW] = pick(window);
    const [h, w] =
      kW === 1 && kH > 1
        ? [pick([16, 24, 32, 64]), 1]
        : kH === 1 && kW > 1
          ? [1, pick([16, 24, 32, 64])]
          : [pick(SIZES), pick(SIZES)];
    const stride = pick([1, 1, 1, 2]);
    const padding = kH <= h && kW <= w ? pick(['same', 'same', 'valid']) : 'same';
    return {
      op: 'conv2d',
      x: [1, h, w, pick(CHANNELS)],
      w: [pick(CHANNELS), kH, kW, 0],
      attrs: { stride: [h > 1 ? stride : 1, w > 1 ? stride : 1], padding, ...attrs },
      activation: activation(random),
    };
  };

const depthwise =
  (windows: readonly (readonly number[])[], attrs: LayerSpec['attrs'] = {}): Draw =>
  (pick, random) => {
    const spec = convolution(windows, attrs)(pick, random);
    const c = spec.x[3];
    const multiplier = Number(attrs?.multiplier ?? 1);
    return { ...spec, op: 'depthwiseConv2d', w: [1, spec.w[1], spec.w[2], c * multiplier] };
  };

const dense: Draw = (pick, random) => ({
  op: 'fullyConnected',
  x: [1, pick([...CHANNELS, 12, 16, 64, 100, 128, 256, 512, 640])],
  w: [pick([2, 3, 4, 6, 8, 10, 12, 16, 32, 64, 128]), 0],
  activation: activation(random),
});

const POINT = [[1, 1]];
type Kinds = readonly (readonly [count: number, draw: Draw])[];

const KINDS: Kinds = [
  [140, convolution(WINDOWS)],
  [90, convolution(POINT)],
  [20, convolution([[3, 3]], { dilation: [2, 2], stride: [1, 1], padding: 'same' })],
  [70, depthwise([[3, 3]])],
  [90, depthwise(WINDOWS)],
  [40, depthwise(LINES)],
  [
    20,
    depthwise(
      [
        [3, 3],
        [5, 5],
      ],
      { multiplier: 2 },
    ),
  ],
  [80, dense],
];

/** Of forms that have one kernel in plain C, of which compilers make other code for each shape. */
const OTHER_KINDS: Kinds = KINDS.map(([count, draw]) => [Math.ceil(1.25 * count), draw]);

function layerSpecs(kinds: Kinds, seed: number): LayerSpec[] {
  return kinds.flatMap(([count, draw], kind) => {
    const random = createRandom(seed, `generated/${kind}`);
    const found: LayerSpec[] = [];
    while (found.length < count) {
      const drawn = draw((from) => from[random.below(from.length)], random);
      const depth = drawn.x[drawn.x.length - 1];
      const w = drawn.op === 'depthwiseConv2d' ? drawn.w : [...drawn.w.slice(0, -1), depth];
      const spec = { ...drawn, w };
      const pixels = drawn.x.length > 2 ? size(drawn.x.slice(1, 3)) : 1;
      if (
        pixels * size(w) > LARGEST.work ||
        size(w) > LARGEST.bytes ||
        size(drawn.x) > LARGEST.bytes ||
        pixels * w[0] > LARGEST.outputs
      )
        continue;
      found.push(spec);
    }
    return found;
  });
}

/** Layers of usual sizes. */
function usualSpecs(): LayerSpec[] {
  const kinds = [
    convolution([
      [3, 3],
      [3, 3],
      [5, 5],
      [10, 4],
    ]),
    convolution(POINT),
    depthwise([[3, 3]]),
  ];
  return kinds.flatMap((draw, kind) => {
    const random = createRandom(12, `generated/usual/${kind}`);
    const found: LayerSpec[] = [];
    while (found.length < 16) {
      const spec = draw((from) => from[random.below(from.length)], random);
      const [h, w] = [random.below(3) ? 16 : 32, random.below(3) ? 16 : 24];
      const depth = USUAL.channels[random.below(USUAL.channels.length)];
      const units = spec.op === 'depthwiseConv2d' ? depth : USUAL.channels[1 + random.below(USUAL.channels.length - 1)];
      const dims = spec.op === 'depthwiseConv2d' ? [1, spec.w[1], spec.w[2], depth] : [units, spec.w[1], spec.w[2], depth];
      const work = h * w * size(dims);
      const least = spec.op === 'depthwiseConv2d' ? USUAL.least / 8 : USUAL.least;
      if (work < least || work > USUAL.work || h * w * Math.max(depth, units) > LARGEST.outputs) continue;
      found.push({ ...spec, x: [1, h, w, depth], w: dims });
    }
    return found;
  });
}

/** A layer on 16-bit activations. */
function onWide({ op, x, w, attrs, activation = 'none' }: LayerSpec): Graph {
  const more = { stride: [1, 1], padding: 'same', dilation: [1, 1], groups: 1, multiplier: 1, ...attrs, activation };
  const units = op === 'depthwiseConv2d' ? w[3] : w[0];
  return graphOf(op, { shapes: [x, w, [units]], attrs: more }, 'i16');
}

export interface GeneratedCase {
  readonly graph: Graph;
  readonly trade: Trade;
}

/** Parts of `all` of `length` each. */
const parted = <T>(all: readonly T[], length: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / length) }, (_, i) => all.slice(i * length, (i + 1) * length));

const layersOf = (specs: readonly LayerSpec[], seed: number, length = TOGETHER): Graph[] =>
  parted(specs, length).map((some, i) => layersGraph(some, seed + i * length));

const four = (specs: readonly LayerSpec[]) => specs.map((spec): LayerSpec => ({ ...spec, bits: 4 }));

const balanced = (graph: Graph): GeneratedCase => ({ graph, trade: 'balanced' });
const flash = (graph: Graph): GeneratedCase => ({ graph, trade: 'flash' });

/** Additions of zero points of 0 are left out of the text: of the input, of the output, of both. */
const ZEROS: readonly Pick<LayerSpec, 'zero' | 'yZero'>[] = [{ zero: 0 }, { yZero: 0 }, { zero: 0, yZero: 0 }];

const withoutZeros = (kinds: Kinds, seed: number): LayerSpec[] =>
  layerSpecs(kinds, seed).map((spec, i) => ({ ...spec, ...ZEROS[i % ZEROS.length] }));

const fewer = (kinds: Kinds, times: number): Kinds => kinds.map(([count, draw]) => [Math.ceil(times * count), draw]);

const wideLayers = (specs: readonly LayerSpec[]): Graph[] =>
  parted(specs, TOGETHER_WIDE).map((some) => mergeGraphs(some.map(onWide)));

/** Graphs of one node, together. */
const merged = (graphs: readonly Graph[]): Graph[] => parted(graphs, TOGETHER).map(mergeGraphs);

/** The first seed of random graphs that figures are fitted on; bench/c/model_errors.ts holds them against those from 0 on. */
const FIRST_SEED = 1000;
const RANDOM_GRAPHS = 40;
/** More of them, which are counted some at a time. */
const MORE_GRAPHS = 420;
/** Of 16 bits alone. */
const FIRST_WIDE = 3000;
const WIDE_GRAPHS = 240;
const TOGETHER_RANDOM = 15;

/** Random graphs whose stack is counted: those, and every one with an LSTM or a log softmax of some more. */
export const STACK_SEEDS: readonly number[] = Array.from({ length: 1200 }, (_, i) => FIRST_SEED + i).filter(
  (seed) =>
    seed < FIRST_SEED + RANDOM_GRAPHS || ['lstm', 'logSoftmax'].includes(RANDOM_OPERATORS[seed % RANDOM_OPERATORS.length]),
);

/** Networks to be counted, which figures are fitted on. */
export function fittedCases(heap: Heap): GeneratedCase[] {
  const usual = [...layersOf(layerSpecs(KINDS, 11), 0), ...layersOf(usualSpecs(), 1000, TOGETHER_USUAL)];
  const wide = wideLayers(layerSpecs(OTHER_KINDS, 13));
  const zeros = withoutZeros(fewer(KINDS, 1 / 4), 15);
  const others = [operatorGraphs(IMAGES), operatorsWithoutZeros(), smallPools(), usualOperators(), sameScales()].flatMap(merged);
  const seeds = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
  const random = seeds(FIRST_SEED, RANDOM_GRAPHS).map((seed) => randomGraph(heap, seed));
  const more = seeds(FIRST_SEED + RANDOM_GRAPHS, MORE_GRAPHS).map((seed) => randomGraph(heap, seed));
  const wider = seeds(FIRST_WIDE, WIDE_GRAPHS).map((seed) => randomGraph(heap, seed, 'i16'));
  const groups = parted([...more, ...wider], TOGETHER_RANDOM).map(mergeGraphs);
  return [
    ...[...usual, ...wide, ...layersOf(zeros, 5000), ...others, ...random, ...groups].map(balanced),
    ...[...layersOf(four(layerSpecs(OTHER_KINDS, 14)), 2000), ...layersOf(four(zeros), 6000)].map(flash),
  ];
}

/** Networks of other sizes, which no fit sees. */
export function keptCases(): GeneratedCase[] {
  const few = KINDS.map(([, draw]) => [4, draw] as const);
  const [specs, zeros] = [layerSpecs(few, 21), withoutZeros(few, 22)];
  return [
    ...[...layersOf(specs, 3000), ...layersOf(zeros, 7000), ...wideLayers(specs), ...merged(operatorGraphs(KEPT_IMAGES))].map(
      balanced,
    ),
    ...[...layersOf(four(specs), 4000), ...layersOf(four(zeros), 8000)].map(flash),
  ];
}

/** What was counted of a network. */
export interface CountedNetwork {
  /** The first digits of the digest of its C: what was counted of other C does not count. */
  readonly source: string;
  /** Executed instructions by layer. */
  readonly instructions: readonly number[];
  /** Bytes of the code file. */
  readonly code: number;
}

/** What was counted on a core, network by network. */
export interface GeneratedCounts {
  readonly fitted: readonly CountedNetwork[];
  /** Networks that no fit sees. */
  readonly kept: readonly CountedNetwork[];
}

/** A core for each way to write C. */
export const COUNTED: Readonly<Record<Variant, CoreName>> = {
  thumb1: 'cortex-m0',
  plain: 'cortex-m3',
  dsp: 'cortex-m4',
  mve: 'cortex-m55',
};
