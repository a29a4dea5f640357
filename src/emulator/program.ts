import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BOARDS, LINK_FLAGS, linkerScript, qemuArguments, STARTUP } from '../c/project/boards.ts';
import type { CoreName } from '../targets/index.ts';
import type { StackFacts } from './stack.ts';
import { COUNTING_PLUGIN } from './toolchain.ts';

const execute = promisify(execFile);
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
  /** Bytes by section of what was linked of each source. */
  readonly linked: ReadonlyMap<string, Readonly<Record<string, number>>>;
  /** Address by symbol. */
  readonly symbols: ReadonlyMap<string, number>;
  /** What bounds its stack. */
  readonly stack: StackFacts;
  remove(): Promise<void>;
}

/** Flags of every build; optimization and warnings are the caller's. */
export const flagsOf = (core: CoreName): string[] => [
  ...BOARDS[core].cpu,
  ...['-mthumb', '-std=c11', '-ffunction-sections', '-fdata-sections'],
];

/** Compiles and links for the board of a core. @throws Error with what the compiler said */
export async function build({ core, sources, flags = ['-O2'], stackBytes = 8192 }: BuildOptions): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'thumbnet-'));
  const all: Record<string, string> = { ...sources, 'startup.c': STARTUP, 'board.ld': linkerScript(BOARDS[core], stackBytes) };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const run = (program: string, args: readonly string[]) => execute(program, args, { cwd: folder, maxBuffer: LARGEST_OUTPUT });
  const files = Object.keys(all).filter((name) => name.endsWith('.c'));
  const link = [...LINK_FLAGS, '-Wl,--no-warn-rwx-segments,-Map=image.map', '-T', 'board.ld'];
  const compiler = [...flagsOf(core), ...flags, '-I', '.'];
  await run('arm-none-eabi-gcc', [...compiler, '-fstack-usage', '-c', ...files]);
  const objects = files.map((name) => basename(name).replace(/c$/, 'o'));
  await run('arm-none-eabi-gcc', [...compiler, ...objects, ...link, '-o', 'image.elf']);
  const sizes = (await run('arm-none-eabi-size', ['-A', 'image.elf'])).stdout;
  const names = (await run('arm-none-eabi-nm', ['image.elf'])).stdout;
  const usage = await Promise.all(objects.map((name) => readFile(join(folder, name.replace(/o$/, 'su')), 'utf8')));
  const symbols = [...names.matchAll(/^([0-9a-f]+) \w (\S+)$/gm)];
  return {
    folder,
    core,
    sections: Object.fromEntries(
      [...sizes.matchAll(/^(\.\S+)\s+(\d+)\s+\d+$/gm)].map(([, name, bytes]) => [name, Number(bytes)]),
    ),
    linked: linkedOf(await readFile(join(folder, 'image.map'), 'utf8')),
    symbols: new Map(symbols.map(([, address, name]) => [name, Number.parseInt(address, 16)])),
    stack: { usage: usage.join(''), disassembly: (await run('arm-none-eabi-objdump', ['-d', 'image.elf'])).stdout },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** From the linker's map: bytes by kind of section (`.text`, `.rodata` ..) of each object, named by its source. */
function linkedOf(map: string): Map<string, Record<string, number>> {
  const linked = new Map<string, Record<string, number>>();
  const kept = map.slice(map.indexOf('Linker script and memory map'));
  for (const [, section, bytes, object] of kept.matchAll(/^ (\.\w+)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)\.o$/gm)) {
    const sizes = linked.get(`${object}.c`) ?? {};
    sizes[section] = (sizes[section] ?? 0) + Number.parseInt(bytes, 16);
    linked.set(`${object}.c`, sizes);
  }
  return linked;
}

export interface RunOptions {
  /** Files that the program may open. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Symbols at which executed instructions are noted. */
  readonly marks?: readonly string[];
  /** Whether it is also noted how often each instruction was executed between marks. */
  readonly profile?: boolean;
  readonly seconds?: number;
}

/** What was executed from a mark to the next one that was passed: times, and times that it branched away, by address. */
export interface Executed {
  readonly mark: string;
  readonly times: ReadonlyMap<number, { readonly count: number; readonly taken: number }>;
}

export interface Run {
  readonly exitCode: number;
  readonly printed: string;
  /** In the order of time: which mark was passed, and the instructions executed before it. Empty without marks. */
  readonly passed: readonly { readonly mark: string; readonly instructions: number }[];
  /** In the order of time; empty where it was not asked for. */
  readonly executed: readonly Executed[];
}

let plugin: Promise<string> | null = null;

/** The counting plugin, compiled once for this process. */
function countingPlugin(): Promise<string> {
  plugin ??= (async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'thumbnet-count-')), 'count.so');
    await execute('gcc', ['-O2', '-shared', '-fPIC', '-o', file, COUNTING_PLUGIN]);
    return file;
  })();
  return plugin;
}

/** Runs the image to its end. What it wrote is in its folder. @throws Error where the emulator fails or takes too long */
export async function run(
  program: Program,
  { files = {}, marks = [], profile = false, seconds = 300 }: RunOptions = {},
): Promise<Run> {
  const { folder, core, symbols } = program;
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  const args = qemuArguments(BOARDS[core], 'image.elf');
  const byAddress = new Map<number, string>();
  for (const mark of marks) {
    const address = symbols.get(mark);
    if (address === undefined) throw new Error(`the image has no symbol ${mark}`);
    byAddress.set(address & ~1, mark);
  }
  if (marks.length) {
    await writeFile(join(folder, 'marks'), [...byAddress.keys()].map((a) => `${a.toString(16)}\n`).join(''));
    args.push('-plugin', `${await countingPlugin()},out=counts,marks=marks${profile ? ',profile=profile' : ''}`);
  }
  const { exitCode, printed } = await emulate(args, folder, seconds);
  const counts = marks.length ? await readFile(join(folder, 'counts'), 'utf8') : '';
  const passed = [...counts.matchAll(/^([0-9a-f]+) (\d+)$/gm)].flatMap(([, address, count]) => {
    const mark = byAddress.get(Number.parseInt(address, 16));
    return mark === undefined ? [] : [{ mark, instructions: Number(count) }];
  });
  const executed = profile ? executedIn(await readFile(join(folder, 'profile'), 'utf8'), byAddress) : [];
  return { exitCode, printed, passed, executed };
}

/** The plugin writes what came before a mark with it; what comes before the first one belongs to none. */
function executedIn(text: string, marks: ReadonlyMap<number, string>): Executed[] {
  const parts = text.split(/^mark /m).slice(1);
  return parts.slice(1).map((part, i) => {
    const lines = [...part.matchAll(/^([0-9a-f]+) (\d+) (\d+)$/gm)];
    const times = lines.map(
      ([, address, count, taken]) => [Number.parseInt(address, 16), { count: Number(count), taken: Number(taken) }] as const,
    );
    return { mark: marks.get(Number.parseInt(parts[i], 16))!, times: new Map(times) };
  });
}

async function emulate(args: readonly string[], cwd: string, seconds: number): Promise<{ exitCode: number; printed: string }> {
  try {
    const { stdout } = await execute('qemu-system-arm', args, { cwd, timeout: 1000 * seconds, maxBuffer: LARGEST_OUTPUT });
    return { exitCode: 0, printed: stdout };
  } catch (error) {
    const { code, killed, stdout, stderr } = error as { code?: unknown; killed?: boolean; stdout?: string; stderr?: string };
    if (killed) throw new Error(`the emulator did not end within ${seconds} s`);
    if (typeof code !== 'number') throw error;
    if (stderr) throw new Error(`qemu-system-arm: ${stderr.trim()}`);
    return { exitCode: code, printed: stdout ?? '' };
  }
}
