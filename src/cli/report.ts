import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { CompressError } from '../errors.ts';
import { parseHistory, writeReport } from '../report/index.ts';
import { isPostgres } from '../study/postgres/address.ts';
import { checkOutput, readBytes, writeWhole } from './files.ts';
import { createOutput, type Output } from './output.ts';
import { ablationIn, bringAblation } from './report_ablation.ts';
import { workers } from './values.ts';

export interface ReportFlags {
  readonly study?: string;
  readonly out?: string;
  readonly workers: number;
  readonly ablation?: string;
  readonly json?: boolean;
}

export function addReport(program: Command): void {
  program
    .command('report')
    .description('the HTML report again, from the history.json of a result; or the files of a result from a database')
    .argument('<place>', 'the folder that compress wrote, or the URL of a database')
    .option('--study <name>', 'of a database that holds several')
    .option('--out <dir>', 'a new folder for the results of a study in a database (thumbnet-<study>)')
    .option('--workers <n>', 'threads, at most 8, for what is left to be done there', workers, 2)
    .option(
      '--ablation <place>',
      'the folder that ablate wrote, or its ablation.json: copied beside the history, and a part of the report',
    )
    .option('--json', 'one JSON object on stdout')
    .action(async (place: string, flags: ReportFlags) => {
      const out = createOutput(flags.json ?? false);
      if (!isPostgres(place)) return fromFolder(place, flags, out);
      const { reportFromDatabase } = await import('./report_database.ts');
      return reportFromDatabase(place, flags, out);
    });
}

async function fromFolder(folder: string, { ablation, ...flags }: ReportFlags, out: Output): Promise<void> {
  const stray = (['study', 'out'] as const).find((name) => flags[name] !== undefined);
  if (stray)
    throw new CompressError(
      'bad-option',
      `--${stray} is for a study in a database, and "${folder}" is a folder: its report.html is written anew`,
      `leave out --${stray}, or give the URL of a database`,
    );
  const from = join(folder, 'history.json');
  const report = join(folder, 'report.html');
  const history = parseHistory(new TextDecoder().decode(await readBytes(from, 'the history')), from);
  await checkOutput(report, { force: true, flag: 'folder' });
  if (ablation !== undefined) await bringAblation(ablation, folder, history);
  await writeWhole(report, writeReport(history, await ablationIn(folder)));
  out.result({ report }, () => out.print(`report  ${pathToFileURL(resolve(report)).href}`));
}
