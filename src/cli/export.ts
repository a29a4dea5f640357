import { basename, extname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FORMATS, type WriteOptions } from '../formats/index.ts';
import { OPSETS } from '../formats/onnx/index.ts';
import { asStored } from '../model.ts';
import { checkNamed, checkOutput, MODEL, readModel, writeModel } from './files.ts';
import { type IoFlags, ioOption } from './flags.ts';
import { createOutput, kib } from './output.ts';

interface Flags extends IoFlags, WriteOptions {
  readonly format: string;
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const WRITTEN = FORMATS.filter((f) => f.write);

function opsetOf(text: string): (typeof OPSETS)[number] {
  const found = OPSETS.find((o) => String(o) === text);
  if (found) return found;
  throw new InvalidArgumentError(`It is one of ${OPSETS.join(', ')}.`);
}

export function addExport(program: Command): void {
  program
    .command('export')
    .description('the model in another form')
    .argument('<model>', MODEL)
    .addOption(new Option('--format <name>', 'the form to write').choices(WRITTEN.map((f) => f.name)).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to write to')
    .addOption(ioOption())
    .addOption(new Option('--opset <n>', 'operator set of ONNX, 13 or 21 (13)').argParser(opsetOf))
    .option('--force', 'replace a file that exists')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, { format, out: folder, io, opset, force, json }: Flags) => {
      const out = createOutput(json ?? false);
      const [ending] = WRITTEN.find((f) => f.name === format)!.endings;
      const model = await readModel(path);
      const file = join(folder, `${basename(path, extname(path))}${ending}`);
      checkNamed(folder, '--out', 'folder');
      await checkOutput(file, { force });
      const bytes = await writeModel(file, asStored(model, io), { opset });
      out.result({ format, file, bytes: bytes.length }, () => out.say(`written: ${file} (${kib(bytes.length)})`));
    });
}
