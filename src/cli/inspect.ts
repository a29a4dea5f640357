import type { Command } from 'commander';
import { inspect } from '../inspect.ts';
import { asStored } from '../model.ts';
import { simplifyGraph } from '../simplify/index.ts';
import { Heap } from '../wasm/heap.ts';
import { readModel } from './files.ts';
import { count, createOutput, kib, shape, table } from './output.ts';

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('layers, shapes, types, MACs, parameters, bytes')
    .argument('<model>', 'a .tflite file')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, flags: { json?: boolean }) => {
      const out = createOutput(flags.json ?? false);
      const model = await readModel(path);
      const { report } = simplifyGraph(await Heap.open(), asStored(model));
      const gain = { macs: report.macs[0] - report.macs[1], parameters: report.parameters[0] - report.parameters[1] };
      const facts = { ...inspect(model), simplify: gain };
      out.result(facts, () => {
        const head = ['layer', 'operator', 'input', 'output', 'type', 'MACs', 'parameters', 'bytes'];
        const rows = facts.layers.map((l) => [
          short(l.name),
          l.op,
          shape(l.input),
          shape(l.output),
          l.dtype,
          count(l.macs),
          count(l.parameters),
          count(l.bytes),
        ]);
        out.say(table(head, rows, 2));
        if (gain.macs > 0 || gain.parameters > 0)
          out.say(
            `thumbnet simplify would take away ${count(gain.macs)} MACs and ${count(gain.parameters)} parameters, and change no output`,
          );
        for (const t of facts.inputs)
          out.say(
            `input  ${t.name} [${t.shape}] ${t.dtype}${t.scale === null ? '' : `, scale ${t.scale}, zero point ${t.zero}`}`,
          );
        for (const t of facts.outputs)
          out.say(
            `output ${t.name} [${t.shape}] ${t.dtype}${t.scale === null ? '' : `, scale ${t.scale}, zero point ${t.zero}`}`,
          );
        out.say(
          `${facts.arithmetic}: ${count(facts.macs)} MACs, ${count(facts.parameters)} parameters, ${kib(facts.weightBytes)} of weights`,
        );
      });
    });
}

/** Converters join the names of everything they fused. */
export const short = (name: string): string => {
  const last = name.split(';').at(-1)!;
  return last.length <= 36 ? last : `…${last.slice(-35)}`;
};
