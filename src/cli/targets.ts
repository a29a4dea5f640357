import type { Command } from 'commander';
import { TARGETS } from '../mcu/index.ts';
import { createOutput, kib, table } from './output.ts';

export function addTargets(program: Command): void {
  program
    .command('targets')
    .description('the chips known')
    .option('--json', 'one JSON object on stdout')
    .action((flags: { json?: boolean }) => {
      const out = createOutput(flags.json ?? false);
      const targets = TARGETS.map(({ name, core, kind, fpu, flashBytes, ramBytes, clockMhz, aliases }) => ({
        target: name,
        core,
        kernels: kind,
        fpu,
        flashBytes,
        ramBytes,
        clockMhz,
        boards: aliases,
      }));
      out.result({ targets }, () => {
        const rows = targets.map((t) => [
          t.target,
          t.core,
          t.kernels,
          t.boards.join(' '),
          kib(t.flashBytes),
          kib(t.ramBytes),
          `${t.clockMhz} MHz`,
        ]);
        out.say(table(['target', 'core', 'kernels', 'boards', 'flash', 'RAM', 'clock'], rows, 4));
        out.say('kernels: c = plain C, dsp = SMLAD, mve = Helium');
      });
    });
}
