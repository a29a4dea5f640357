import { bareLine, RATE_HEAD, rateCells, rates } from './bare_tile.ts';
import { intLayers } from './int_layers.ts';
import { type Section, table } from './section.ts';

/** Rows, depth and columns of products that real layers make. */
const SIZES = [
  [1024, 144, 16, 'ResNet8, 16 channels'],
  [256, 288, 32, 'ResNet8, 32 channels'],
  [64, 576, 64, 'ResNet8, 64 channels'],
  [1000, 64, 64, 'DS-CNN pointwise, batch 8'],
  [32, 640, 128, 'autoencoder, batch 32'],
  [512, 512, 128, 'large'],
  [1, 640, 128, 'autoencoder, batch 1'],
] as const;

/** The int8 product beside the bare tile: with widening, rescaling and clamp, as a dense layer calls it. */
export default async function intGemm(): Promise<Section> {
  const { bare, layers } = await rates((heap) => {
    const { dense } = intLayers(heap);
    return SIZES.map(([m, k, n]) => dense(m, k, n));
  });
  const rows = layers.map((r, i) => [SIZES[i][3], r.plain.name, ...rateCells(r)]);
  return {
    title: 'Int8 matrix product, one thread',
    text: `${bareLine(bare)} Each product includes widening its input (to int16, or with relaxed dots to bytes + 128), rescaling, clamp and store.

${table(['product', 'rows x depth x columns', ...RATE_HEAD], rows)}

A round of the plain tile is 8 \`i32x4.dot_i16x8_s\` (8 MACs each), 8 additions, 4 load-and-splat, 2 loads and 7 scalar instructions for 64 MACs: a core that
starts four vector operations a cycle needs at least 4 cycles for it, 16 MACs a cycle. A round of the relaxed tile is 8 \`i32x4.relaxed_dot_i8x16_i7x16_add_s\` (16
MACs each, the additions included) and the same loads for 128 MACs. Rescaling costs 10 vector operations for each 4 outputs behind a ReLU, 13 elsewhere, and
narrowing 10 for a tile; widening is done once for all columns, and shows where there are few. One row (batch 1) has a splat and two loads for every two dots.`,
  };
}
