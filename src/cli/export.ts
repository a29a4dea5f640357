import { basename, extname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { FORMATS } from '../formats/index.ts';
import { asStored } from '../model.ts';
import { checkNamed, checkOutput, MODEL, readModel, writeWhole } from './files.ts';
import { type IoFlags, ioOption } from './flags.ts';
import { createOutput, kib } from './output.ts';

interface Flags extends IoFlags {
  readonly format: string;
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const WRITTEN = FORMATS.flatMap(({ name, endings, write }) => (write ? [{ name, ending: endings[0], write }] : []));

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
      const { ending, write } = WRITTEN.find((f) => f.name === format)!;
      const model = await readModel(path);
      const file = join(folder, `${basename(path, extname(path))}${ending}`);
      checkNamed(folder, '--out', 'folder');
      await checkOutput(file, { force });
      const bytes = write(asStored(model, io));
      await writeWhole(file, bytes);
      out.result({ format, file, bytes: bytes.length }, () => out.say(`written: ${file} (${kib(bytes.length)})`));
    });
}
