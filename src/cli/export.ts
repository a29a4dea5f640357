import { basename, extname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { USUAL_TRADE } from '../c/parts.ts';
import { FORMATS, type WriteOptions } from '../formats/index.ts';
import { OPSETS } from '../formats/onnx/opsets.ts';
import { asStored } from '../model.ts';
import { bytes } from '../report/units.ts';
import { RUNTIMES } from '../targets/runtime.ts';
import { type ExportCFlags, exportFolder } from './export_c.ts';
import { checkNamed, checkOutput, MODEL, readModel, writeModel } from './files.ts';
import { dataFlags, type IoFlags, ioOption, tradeOption } from './flags.ts';
import { createOutput } from './output.ts';

interface Flags extends IoFlags, WriteOptions, ExportCFlags {
  readonly format: string;
  readonly json?: boolean;
}

const WRITTEN = FORMATS.filter((f) => f.write);

function opsetOf(text: string): (typeof OPSETS)[number] {
  const found = OPSETS.find((o) => String(o) === text);
  if (found) return found;
  throw new InvalidArgumentError(`It is one of ${OPSETS.join(', ')}.`);
}

/** What was given that means nothing to the format. The chip and the data may be those of all verbs. */
const strayIn = ({ format, opset, name, trade, runtime }: Flags): string[] => [
  ...(opset !== undefined && format !== 'onnx' ? ['--opset'] : []),
  ...(format !== 'c' && name !== undefined ? ['--name'] : []),
  ...(format !== 'c' && trade !== USUAL_TRADE ? ['--trade'] : []),
  ...(format !== 'c' && runtime !== RUNTIMES[0] ? ['--runtime'] : []),
];

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description('the model in another form')
    .argument('<model>', MODEL)
    .addOption(
      new Option('--format <name>', 'the form to write').choices([...WRITTEN.map((f) => f.name), 'c']).makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'folder to write to; with a format of one file also that file')
    .addOption(ioOption())
    .addOption(new Option('--opset <n>', 'operator set of ONNX, 13 or 21 (13)').argParser(opsetOf))
    .option('--target <mcu>', 'with --format c: the chip (see `thumbnet targets`)')
    .option('--name <name>', "with --format c: part of all names in it; by default the file's")
    .addOption(tradeOption('with --format c: '))
    .addOption(
      new Option('--runtime <name>', 'with --format c: whose kernels the folder calls')
        .choices([...RUNTIMES])
        .default(RUNTIMES[0]),
    );
  dataFlags(command, false)
    .option('--force', 'replace what exists')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, flags: Flags) => {
      const { format, out: place, io, opset, force, json } = flags;
      const out = createOutput(json ?? false);
      for (const flag of strayIn(flags)) out.warn(`${flag} has no meaning for --format ${format}, and is not used`);
      if (format === 'c') return exportFolder(path, flags, out);
      const { endings } = WRITTEN.find((f) => f.name === format)!;
      const model = await readModel(path);
      checkNamed(place, '--out', 'folder');
      const file = endings.includes(extname(place)) ? place : join(place, `${basename(path, extname(path))}${endings[0]}`);
      await checkOutput(file, { force });
      const written = await writeModel(file, asStored(model, io), { opset });
      out.result({ format, file, bytes: written.length }, () => out.print(`written: ${file} (${bytes(written.length)})`));
    });
}
