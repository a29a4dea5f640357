import { Heap } from '../src/wasm/heap.ts';
import { type Layer, percent, rates } from './bare_tile.ts';
import { intLayers } from './int_layers.ts';
import { type Section, table } from './section.ts';

/** Whole int8 convolutions, framing and rescaling included, beside the bare tile; int4 weights beside int8 ones. */
export default async function convolution(): Promise<Section> {
  const heap = await Heap.open();
  const { conv, depthwise, dense } = intLayers(heap);
  const resnet = [
    conv(8, [32, 32, 16], 16, [3, 3], 1),
    conv(8, [32, 32, 16], 32, [3, 3], 2),
    conv(8, [16, 16, 32], 32, [3, 3], 1),
    conv(8, [16, 16, 32], 64, [3, 3], 2),
    conv(8, [8, 8, 64], 64, [3, 3], 1),
    conv(8, [32, 32, 16], 32, [1, 1], 2),
    conv(8, [16, 16, 32], 64, [1, 1], 2),
  ];
  const first = [conv(8, [32, 32, 3], 16, [3, 3], 1), conv(8, [49, 10, 1], 64, [10, 4], 2), conv(2, [96, 96, 3], 8, [3, 3], 2)];
  const pointwise = [
    conv(8, [25, 5, 64], 64, [1, 1], 1),
    conv(2, [48, 48, 8], 16, [1, 1], 1),
    conv(1, [6, 6, 128], 128, [1, 1], 1),
    conv(8, [3, 3, 256], 256, [1, 1], 1),
  ];
  const depth = [
    depthwise(2, [48, 48, 8], 1),
    depthwise(8, [25, 5, 64], 1),
    depthwise(8, [12, 12, 64], 1),
    depthwise(8, [6, 6, 128], 1),
    depthwise(2, [48, 48, 16], 2),
  ];
  const pairs: (readonly [Layer, Layer])[] = [
    [conv(8, [16, 16, 32], 32, [3, 3], 1), conv(8, [16, 16, 32], 32, [3, 3], 1, 4)],
    [depthwise(8, [12, 12, 64], 1), depthwise(8, [12, 12, 64], 1, 4)],
    [dense(32, 640, 128), dense(32, 640, 128, 4)],
  ];
  const groups = { 'ResNet8, batch 8': resnet, 'first layers': first, pointwise, 'depthwise (per MAC)': depth };
  const all = Object.entries(groups).flatMap(([group, layers]) => layers.map((layer) => ({ group, layer })));
  const [bare, ...found] = await rates([...all.map(({ layer }) => layer), ...pairs.flat()]);
  const rows = all.map(({ group }, i) => [
    group,
    found[i].name,
    found[i].median.toFixed(1),
    found[i].best.toFixed(1),
    percent(found[i].share),
  ]);
  const int4 = pairs.map((_, i) => {
    const [s8, s4] = found.slice(all.length + 2 * i);
    return [s8.name, s8.median.toFixed(1), s4.median.toFixed(1), (s8.median / s4.median).toFixed(2)];
  });
  return {
    title: 'Int8 convolutions, one thread',
    text: `Bare tile in this run: ${bare.median.toFixed(1)} GMAC/s (best ${bare.best.toFixed(1)}). Each layer includes framing, widening to int16, rescaling by channel, clamp and store.

${table(['layers', 'layer', 'GMAC/s, median', 'best', 'of the bare tile'], rows)}

Layers of few products for each output (1x1 with 8 to 32 channels, depthwise) are bound by rescaling: 10 vector operations for each 4 outputs, where a tile spends
16 on each pair of values for 32. A depthwise 3x3 window takes 10 dots, 10 additions and 10 interleavings for 72 MACs beside that.

int4 weights are unpacked once, when the step is made:

${table(['layer', 'int8 weights, GMAC/s', 'int4 weights', 'time, int4 / int8'], int4)}`,
  };
}
