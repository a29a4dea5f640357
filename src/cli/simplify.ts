import type { Command } from 'commander';
import { exportTflite } from '../formats/tflite/export.ts';
import { shortName } from '../graph/names.ts';
import { asStored } from '../model.ts';
import { bytes } from '../report/units.ts';
import { simplifyGraph } from '../simplify/index.ts';
import { Heap } from '../wasm/heap.ts';
import { checkOutput, MODEL, readModel, writeModel } from './files.ts';
import { type IoFlags, ioOption } from './flags.ts';
import { count, createOutput, percent, table } from './output.ts';

interface Flags extends IoFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addSimplify(program: Command): void {
  program
    .command('simplify')
    .description('take away what provably changes no output')
    .argument('<model>', MODEL)
    .option('--out <file>', 'write the simpler model')
    .addOption(ioOption())
    .option('--force', 'replace a file that exists')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, { out: file, io, force, json }: Flags) => {
      const out = createOutput(json ?? false);
      const model = await readModel(path);
      if (file !== undefined) await checkOutput(file, { force });
      const { graph, report } = simplifyGraph(await Heap.open(), asStored(model, io));
      const written = file === undefined ? exportTflite(graph) : await writeModel(file, graph);
      out.result({ ...report, model: file ?? null, bytes: written.length }, () => {
        const change = ([before, after]: readonly [number, number]) => [count(before), count(after), percent(1 - after / before)];
        const rows = [
          ['MACs', ...change(report.macs)],
          ['parameters', ...change(report.parameters)],
          ['operators', ...change(report.nodes)],
          ...report.layers.map((l) => [`channels of ${shortName(l.name)}`, ...change(l.channels)]),
        ];
        out.print(table(['', 'before', 'after', 'saved'], rows));
        if (file) out.print(`written: ${file} (${bytes(written.length)})`);
      });
    });
}
