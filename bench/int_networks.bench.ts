import { readFileSync } from 'node:fs';
import { importTflite } from '../src/formats/tflite/index.ts';
import { compile } from '../src/run/compile.ts';
import type { Heap } from '../src/wasm/heap.ts';
import { neededPath } from '../test/shared.ts';
import { bareLine, type Layer, RATE_HEAD, rateCells, rates } from './bare_tile.ts';
import { integerInputs, macsOf, NETWORKS, realInputs } from './networks.ts';
import { type Section, table } from './section.ts';

/** Whole int8 networks beside the bare tile: every layer counts, only convolutions and dense layers have MACs. */
export default async function intNetworks(): Promise<Section> {
  const cells = NETWORKS.flatMap(({ name, int8 }) => {
    const graph = importTflite(readFileSync(neededPath(`data/models/${int8}.tflite`)));
    return [1, 32].map((batch) => ({ name, graph, batch, macs: macsOf(graph) }));
  });
  const make = (heap: Heap): Layer[] =>
    cells.map(({ name, graph, batch, macs }) => {
      const program = compile(heap, graph, { batch });
      heap.write(program.inputs[0], integerInputs(graph, realInputs(graph, batch)));
      return { name: `${name} ${batch}`, macs: macs * batch, run: () => program.run() };
    });
  const { bare, layers } = await rates(make);
  const rows = cells.map(({ name, batch, macs }, i) => {
    const each = ({ median }: { median: number }) => (macs / median / 1e3).toFixed(1);
    const { plain, relaxed } = layers[i];
    return [name, batch, each(plain), relaxed ? each(relaxed) : '-', ...rateCells(layers[i])];
  });
  return {
    title: 'Whole int8 networks beside the bare tile, one thread',
    text: `${bareLine(bare)}

${table(['network', 'batch', 'plain, µs an example', 'relaxed', ...RATE_HEAD], rows)}`,
  };
}
