import type { Heap } from '../src/wasm/heap.ts';
import { bareLine, type Layer, RATE_HEAD, rateCells, rates } from './bare_tile.ts';
import { intLayers } from './int_layers.ts';
import { type Section, table } from './section.ts';

type Layers = ReturnType<typeof intLayers>;

const GROUPS: Record<string, (layers: Layers) => Layer[]> = {
  'ResNet8, batch 8': ({ conv }) => [
    conv(8, [32, 32, 16], 16, [3, 3], 1),
    conv(8, [32, 32, 16], 32, [3, 3], 2),
    conv(8, [16, 16, 32], 32, [3, 3], 1),
    conv(8, [16, 16, 32], 64, [3, 3], 2),
    conv(8, [8, 8, 64], 64, [3, 3], 1),
    conv(8, [32, 32, 16], 32, [1, 1], 2),
    conv(8, [16, 16, 32], 64, [1, 1], 2),
  ],
  'first layers': ({ conv }) => [
    conv(8, [32, 32, 3], 16, [3, 3], 1),
    conv(8, [49, 10, 1], 64, [10, 4], 2),
    conv(2, [96, 96, 3], 8, [3, 3], 2),
  ],
  pointwise: ({ conv }) => [
    conv(8, [25, 5, 64], 64, [1, 1], 1),
    conv(2, [48, 48, 8], 16, [1, 1], 1),
    conv(1, [6, 6, 128], 128, [1, 1], 1),
    conv(8, [3, 3, 256], 256, [1, 1], 1),
  ],
  'depthwise (per MAC)': ({ depthwise }) => [
    depthwise(2, [48, 48, 8], 1),
    depthwise(8, [25, 5, 64], 1),
    depthwise(8, [12, 12, 64], 1),
    depthwise(8, [6, 6, 128], 1),
    depthwise(2, [48, 48, 16], 2),
  ],
};

/** Pairs of the same layer with weights of 8 and of 4 bits. */
const int4 = ({ conv, depthwise, dense }: Layers): Layer[] => [
  conv(8, [16, 16, 32], 32, [3, 3], 1),
  conv(8, [16, 16, 32], 32, [3, 3], 1, 4),
  depthwise(8, [12, 12, 64], 1),
  depthwise(8, [12, 12, 64], 1, 4),
  dense(32, 640, 128),
  dense(32, 640, 128, 4),
];

/** Whole int8 convolutions, framing and rescaling included, beside the bare tile; int4 weights beside int8 ones. */
export default async function convolution(): Promise<Section> {
  const names: string[] = [];
  const make = (heap: Heap): Layer[] => {
    const layers = intLayers(heap);
    const all = Object.entries(GROUPS).map(([group, of]) => of(layers).map((layer) => ({ group, layer })));
    names.splice(0, names.length, ...all.flat().map(({ group }) => group));
    return [...all.flat().map(({ layer }) => layer), ...int4(layers)];
  };
  const { bare, layers } = await rates(make);
  const rows = names.map((group, i) => [group, layers[i].plain.name, ...rateCells(layers[i])]);
  const pairs = layers.slice(names.length);
  const ratios = pairs.flatMap((s8, i) => {
    if (i % 2) return [];
    const s4 = pairs[i + 1];
    const ratio = (half: 'plain' | 'relaxed') => {
      const [a, b] = [s8[half], s4[half]];
      return a && b ? (a.median / b.median).toFixed(2) : '-';
    };
    return [[s8.plain.name, ratio('plain'), ratio('relaxed')]];
  });
  return {
    title: 'Int8 convolutions, one thread',
    text: `${bareLine(bare)} Each layer includes framing, widening, rescaling by channel, clamp and store.

${table(['layers', 'layer', ...RATE_HEAD], rows)}

Layers of few products for each output (1x1 with 8 to 32 channels, depthwise) are bound by rescaling: 10 vector operations for each 4 outputs, where a plain tile
spends 16 on each pair of values for 32.

int4 weights are unpacked once, when the step is made:

${table(['layer', 'time, int4 / int8: plain dots', 'relaxed dots'], ratios)}`,
  };
}
