import { basename, extname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { exportTflite } from '../formats/tflite/index.ts';
import { asStored } from '../model.ts';
import { checkNamed, checkOutput, readModel, writeWhole } from './files.ts';
import { createOutput, kib } from './output.ts';

interface Flags {
  readonly format: 'tflite';
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addExport(program: Command): void {
  program
    .command('export')
    .description('the model in another form')
    .argument('<model>', 'a .tflite file')
    .addOption(new Option('--format <name>', 'the form to write').choices(['tflite']).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to write to')
    .option('--force', 'replace a file that exists')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, { format, out: folder, force, json }: Flags) => {
      const out = createOutput(json ?? false);
      const model = await readModel(path);
      const file = join(folder, `${basename(path, extname(path))}.tflite`);
      checkNamed(folder, '--out', 'folder');
      await checkOutput(file, { force });
      const bytes = exportTflite(asStored(model));
      await writeWhole(file, bytes);
      out.result({ format, file, bytes: bytes.length }, () => out.say(`written: ${file} (${kib(bytes.length)})`));
    });
}
