/** What is installed, and what each part of it is needed for. */
import { spawnSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import type { Command } from 'commander';
import { Heap } from '../wasm/heap.ts';
import { createOutput } from './output.ts';
import { VERSION } from './version.ts';

interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** What was found. */
  readonly found: string;
  readonly neededFor: string;
  /** What to do where it is missing. */
  readonly fix: string | null;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what is installed, what it is needed for, and how to get what is missing')
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: { json?: boolean }) => {
      const out = createOutput(flags.json ?? false);
      const checks = await examine();
      out.result({ version: VERSION, checks }, () => {
        for (const { what, ok, found, neededFor, fix } of checks) {
          out.say(`${ok ? 'ok     ' : 'missing'}  ${what.padEnd(20)} ${found}`);
          if (!ok) out.say(`         needed for ${neededFor}${fix ? `; ${fix}` : ''}`);
        }
      });
    });
}

async function examine(): Promise<Check[]> {
  const heap = await Heap.open().catch((e: Error) => e);
  const isOpen = heap instanceof Heap;
  return [
    { what: 'thumbnet', ok: true, found: VERSION, neededFor: 'all', fix: null },
    { what: 'Node', ok: true, found: `${process.version}, ${process.platform} ${process.arch}`, neededFor: 'all', fix: null },
    {
      what: 'Wasm SIMD',
      ok: isOpen,
      found: isOpen ? `works; relaxed dots ${heap.relaxed ? 'are exact here and used' : 'are not used'}` : heap.message,
      neededFor: 'all that runs networks',
      fix: 'use Node 20 or newer on a 64-bit processor',
    },
    {
      what: 'processor',
      ok: true,
      found: `${availableParallelism()} threads, ${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory`,
      neededFor: 'compress --workers',
      fix: null,
    },
    ...PROGRAMS.map(programCheck),
  ];
}

const PROGRAMS = [
  ['arm-none-eabi-gcc', 'verify, compress --evaluate emulator', "install Debian's gcc-arm-none-eabi and libnewlib-arm-none-eabi"],
  ['qemu-system-arm', 'verify, compress --evaluate emulator', "install Debian's qemu-system-arm"],
] as const;

function programCheck([program, neededFor, fix]: (typeof PROGRAMS)[number]): Check {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const ok = status === 0;
  return { what: program, ok, found: ok ? stdout.split('\n')[0] : 'not in the search path', neededFor, fix };
}
