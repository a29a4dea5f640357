import { join } from 'node:path';
import type { Command } from 'commander';
import { parseHistory, writeReport } from '../report/index.ts';
import { checkOutput, readBytes, writeWhole } from './files.ts';
import { createOutput } from './output.ts';

export function addReport(program: Command): void {
  program
    .command('report')
    .description('the HTML report again, from the history.json of a result')
    .argument('<dir>', 'the folder that compress wrote')
    .option('--json', 'one JSON object on stdout')
    .action(async (folder: string, flags: { json?: boolean }) => {
      const out = createOutput(flags.json ?? false);
      const from = join(folder, 'history.json');
      const report = join(folder, 'report.html');
      const history = parseHistory(new TextDecoder().decode(await readBytes(from, 'the history')), from);
      await checkOutput(report, { force: true, flag: 'folder' });
      await writeWhole(report, writeReport(history));
      out.result({ report }, () => out.print(`written: ${report}`));
    });
}
