import { readFileSync } from 'node:fs';
import { importTflite } from '../src/formats/tflite/index.ts';
import { compile } from '../src/run/compile.ts';
import { Heap } from '../src/wasm/heap.ts';
import { neededPath } from '../test/shared.ts';
import { type Layer, percent, rates } from './bare_tile.ts';
import { integerInputs, macsOf, NETWORKS, realInputs } from './networks.ts';
import { type Section, table } from './section.ts';

/** Whole int8 networks beside the bare tile: every layer counts, only convolutions and dense layers have MACs. */
export default async function intNetworks(): Promise<Section> {
  const layers: Layer[] = [];
  const cells: { name: string; batch: number; macs: number }[] = [];
  for (const { name, int8 } of NETWORKS) {
    const graph = importTflite(readFileSync(neededPath(`data/models/${int8}.tflite`)));
    for (const batch of [1, 32]) {
      const heap = await Heap.open();
      const program = compile(heap, graph, { batch });
      heap.write(program.inputs[0], integerInputs(graph, realInputs(graph, batch)));
      const macs = macsOf(graph) * batch;
      cells.push({ name, batch, macs });
      layers.push({ name: `${name} ${batch}`, macs, run: () => program.run() });
    }
  }
  const [bare, ...found] = await rates(layers);
  const rows = cells.map(({ name, batch, macs }, i) => {
    const { median, best, share } = found[i];
    return [name, batch, (macs / batch / median / 1e3).toFixed(1), median.toFixed(1), best.toFixed(1), percent(share)];
  });
  return {
    title: 'Whole int8 networks beside the bare tile, one thread',
    text: `Bare tile in this run: ${bare.median.toFixed(1)} GMAC/s (best ${bare.best.toFixed(1)}).

${table(['network', 'batch', 'µs an example', 'GMAC/s, median', 'best', 'of the bare tile'], rows)}`,
  };
}
