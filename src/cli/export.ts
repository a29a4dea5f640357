import { basename, extname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { FORMATS } from '../formats/index.ts';
import { asStored } from '../model.ts';
import { checkNamed, checkOutput, MODEL, readModel, writeModel } from './files.ts';
import { type IoFlags, ioOption } from './flags.ts';
import { createOutput, kib } from './output.ts';

interface Flags extends IoFlags {
  readonly format: string;
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const WRITTEN = FORMATS.filter((f) => f.write);

export function addExport(program: Command): void {
  program
    .command('export')
    .description('the model in another form')
    .argument('<model>', MODEL)
    .addOption(new Option('--format <name>', 'the form to write').choices(WRITTEN.map((f) => f.name)).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to write to')
    .addOption(ioOption())
    .option('--force', 'replace a file that exists')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, { format, out: folder, io, force, json }: Flags) => {
      const out = createOutput(json ?? false);
      const [ending] = WRITTEN.find((f) => f.name === format)!.endings;
      const model = await readModel(path);
      const file = join(folder, `${basename(path, extname(path))}${ending}`);
      checkNamed(folder, '--out', 'folder');
      await checkOutput(file, { force });
      const bytes = await writeModel(file, asStored(model, io));
      out.result({ format, file, bytes: bytes.length }, () => out.say(`written: ${file} (${kib(bytes.length)})`));
    });
}
