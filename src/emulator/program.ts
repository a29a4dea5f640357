import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CoreName } from '../mcu/targets.ts';
import { BOARDS, linkerScript } from './boards.ts';

const execute = promisify(execFile);
const asset = (name: string) => fileURLToPath(new URL(`../../assets/emulator/${name}`, import.meta.url));
const LARGEST_OUTPUT = 64 * 1024 * 1024;

export interface BuildOptions {
  readonly core: CoreName;
  /** Text by file name; every `.c` is compiled, and one of them has `main`. */
  readonly sources: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly stackBytes?: number;
}

/** An image for a board, in a folder of its own. */
export interface Program {
  readonly folder: string;
  readonly core: CoreName;
  /** Bytes by section of the image. */
  readonly sections: Readonly<Record<string, number>>;
  /** Address by symbol. */
  readonly symbols: ReadonlyMap<string, number>;
  remove(): Promise<void>;
}

/** Flags of every build; warnings are the caller's. */
export const flagsOf = (core: CoreName): string[] => [...BOARDS[core].cpu, '-mthumb', '-ffunction-sections', '-fdata-sections'];

/** Compiles and links for the board of a core. @throws Error with what the compiler said */
export async function build({ core, sources, flags = ['-O2'], stackBytes = 8192 }: BuildOptions): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'thumbnet-'));
  const files = Object.keys(sources).filter((name) => name.endsWith('.c'));
  for (const [name, text] of Object.entries(sources)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'board.ld'), linkerScript(BOARDS[core], stackBytes));
  const link = ['-nostartfiles', '--specs=nano.specs', '-Wl,--gc-sections', '-Wl,--no-warn-rwx-segments', '-T', 'board.ld'];
  const include = ['-I', '.', '-I', asset('')];
  const run = (program: string, args: readonly string[]) => execute(program, args, { cwd: folder, maxBuffer: LARGEST_OUTPUT });
  await run('arm-none-eabi-gcc', [
    ...flagsOf(core),
    ...flags,
    ...include,
    asset('startup.c'),
    ...files,
    ...link,
    '-o',
    'image.elf',
  ]);
  const sizes = (await run('arm-none-eabi-size', ['-A', 'image.elf'])).stdout;
  const names = (await run('arm-none-eabi-nm', ['image.elf'])).stdout;
  return {
    folder,
    core,
    sections: Object.fromEntries(
      [...sizes.matchAll(/^(\.\S+)\s+(\d+)\s+\d+$/gm)].map(([, name, bytes]) => [name, Number(bytes)]),
    ),
    symbols: new Map(
      [...names.matchAll(/^([0-9a-f]+) \w (\S+)$/gm)].map(([, address, name]) => [name, Number.parseInt(address, 16)]),
    ),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface RunOptions {
  /** Files that the program may open. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Symbols at which executed instructions are noted. */
  readonly marks?: readonly string[];
  readonly seconds?: number;
}

export interface Run {
  readonly exitCode: number;
  readonly printed: string;
  /** In the order of time: which mark was passed, and the instructions executed before it. Empty without marks. */
  readonly passed: readonly { readonly mark: string; readonly instructions: number }[];
}

let plugin: Promise<string> | null = null;

/** The counting plugin, compiled once for this process. */
async function countingPlugin(): Promise<string> {
  plugin ??= (async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'thumbnet-count-')), 'count.so');
    await execute('gcc', ['-O2', '-shared', '-fPIC', '-o', file, asset('count.c')]);
    return file;
  })();
  return plugin;
}

/** Runs the image to its end. What it wrote is in its folder. @throws Error where the emulator fails or takes too long */
export async function run(
  { folder, core, symbols }: Program,
  { files = {}, marks = [], seconds = 120 }: RunOptions = {},
): Promise<Run> {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  const { machine, options } = BOARDS[core];
  const args = ['-M', machine, ...options, '-display', 'none', '-serial', 'none', '-monitor', 'none'];
  args.push('-semihosting-config', 'enable=on,target=native,chardev=host', '-chardev', 'stdio,id=host', '-kernel', 'image.elf');
  const byAddress = new Map<number, string>();
  for (const mark of marks) {
    const address = symbols.get(mark);
    if (address === undefined) throw new Error(`the image has no symbol ${mark}`);
    byAddress.set(address & ~1, mark);
  }
  if (marks.length) {
    await writeFile(join(folder, 'marks'), [...byAddress.keys()].map((a) => `${a.toString(16)}\n`).join(''));
    args.push('-plugin', `${await countingPlugin()},out=counts,marks=marks`);
  }
  const { exitCode, printed } = await emulate(args, folder, seconds);
  const counts = marks.length ? await readFile(join(folder, 'counts'), 'utf8') : '';
  const passed = [...counts.matchAll(/^([0-9a-f]+) (\d+)$/gm)].flatMap(([, address, count]) => {
    const mark = byAddress.get(Number.parseInt(address, 16));
    return mark === undefined ? [] : [{ mark, instructions: Number(count) }];
  });
  return { exitCode, printed, passed };
}

async function emulate(args: readonly string[], cwd: string, seconds: number): Promise<{ exitCode: number; printed: string }> {
  try {
    const { stdout } = await execute('qemu-system-arm', args, { cwd, timeout: 1000 * seconds, maxBuffer: LARGEST_OUTPUT });
    return { exitCode: 0, printed: stdout };
  } catch (error) {
    const { code, killed, stdout, stderr } = error as { code?: unknown; killed?: boolean; stdout?: string; stderr?: string };
    if (killed) throw new Error(`the emulator did not end within ${seconds} s`);
    if (typeof code !== 'number') throw error;
    if (code !== 0 && stderr) throw new Error(`qemu-system-arm: ${stderr.trim()}`);
    return { exitCode: code, printed: stdout ?? '' };
  }
}
