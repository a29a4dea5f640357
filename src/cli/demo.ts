import type { Command } from 'commander';
import { demoModel, gestures } from '../demo/index.ts';
import { loadModel } from '../model.ts';
import { exists } from './files.ts';
import { createOutput } from './output.ts';
import { runCompress } from './run_compress.ts';
import { integer, workers } from './values.ts';

const TARGET = 'stm32l476rg';
const NAME = 'thumbnet-demo';
const SAMPLES = 150_000;

interface Flags {
  readonly workers: number;
  readonly seed: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('the main job on data it makes itself, no arguments')
    .option('--workers <n>', 'threads, at most 8; does not change the result', workers, 2)
    .option('--seed <n>', 'of the search (0)', integer, 0)
    .option('--out <dir>', 'a new folder for the results (thumbnet-demo, thumbnet-demo-2, ...)')
    .option('--resume', 'continue the study in --out (thumbnet-demo)')
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      const data = gestures();
      const model = await loadModel(await demoModel());
      out.say('motion gestures: 3-axis acceleration, 128 samples, six classes, made from a seed');
      out.say(`a float network for them is fitted into ${TARGET}, keeping its accuracy within 1 point`);
      const { resume = false } = flags;
      const folder = flags.out ?? (resume ? NAME : await freeName(NAME));
      const options = { target: TARGET, maxDrop: 0.01, samples: SAMPLES, seed: flags.seed };
      await runCompress({
        model,
        data,
        options,
        folder,
        title: 'Motion gestures',
        command: 'thumbnet demo',
        workers: flags.workers,
        resume,
        out,
      });
    });
}

async function freeName(name: string): Promise<string> {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    if (!(await exists(candidate))) return candidate;
  }
}
