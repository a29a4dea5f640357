import type { Command } from 'commander';
import { shortName } from '../graph/names.ts';
import { type Inspection, inspect, type TensorFacts } from '../inspect.ts';
import { asStored } from '../model.ts';
import { bytes } from '../report/units.ts';
import { simplifyGraph } from '../simplify/index.ts';
import { Heap } from '../wasm/heap.ts';
import { MODEL, readModel } from './files.ts';
import { count, createOutput, type Output, shape, table } from './output.ts';

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('layers, shapes, types, MACs, parameters, bytes')
    .argument('<model>', MODEL)
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, flags: { json?: boolean }) => {
      const out = createOutput(flags.json ?? false);
      const model = await readModel(path);
      const { report } = simplifyGraph(await Heap.open(), asStored(model));
      const gain = { macs: report.macs[0] - report.macs[1], parameters: report.parameters[0] - report.parameters[1] };
      const facts = { ...inspect(model), simplify: gain };
      out.result(facts, () => show(out, facts, gain));
    });
}

function show(out: Output, facts: Inspection, gain: { macs: number; parameters: number }): void {
  const rows = facts.layers.map((l) => [
    ...[shortName(l.name), l.op, shape(l.input), shape(l.output), l.dtype],
    ...[l.macs, l.parameters, l.bytes].map(count),
  ]);
  out.print(
    table(['layer', 'operator', 'input', 'output', 'type', 'MACs', 'parameters', 'bytes'], rows, 2, {
      drop: ['input', 'parameters', 'type', 'operator'],
    }),
  );
  if (gain.macs > 0 || gain.parameters > 0) {
    const saved = `${count(gain.macs)} MACs and ${count(gain.parameters)} parameters`;
    out.say(`thumbnet simplify would take away ${saved}, and change no output`);
  }
  for (const t of facts.inputs) out.say(`input  ${tensorText(t)}`);
  for (const t of facts.outputs) out.say(`output ${tensorText(t)}`);
  for (const [key, { inputs, outputs }] of Object.entries(facts.file.signatures))
    out.say(`signature ${key}: ${inputs.join(', ')} -> ${outputs.join(', ')}`);
  const inside = [...facts.file.metadata, ...facts.file.files];
  if (inside.length) out.say(`metadata and files: ${inside.join(', ')}`);
  out.say(
    `${facts.arithmetic}: ${count(facts.macs)} MACs, ${count(facts.parameters)} parameters, ${bytes(facts.weightBytes)} of weights`,
  );
}

const tensorText = ({ name, shape, dtype, scale, zero }: TensorFacts): string =>
  `${name} [${shape}] ${dtype}${scale === null ? '' : `, scale ${scale}, zero point ${zero}`}`;
