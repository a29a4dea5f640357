/**
 * Counts the instructions that CMSIS-NN kernels execute on QEMU, for many geometries and every core, and writes
 * scripts/data/instruction_counts.csv, which fit_cost_model.ts reads beside the shared measurements, and network_counts.csv:
 * layers of whole networks, for tests only.
 *
 *   CMSIS_NN=<checkout of CMSIS-NN 99f736a> node --import tsx scripts/count_instructions.ts
 *
 * Needs arm-none-eabi-gcc, qemu-system-arm, a host gcc, and the startup code and plugin under ../shared/emulator.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instructionCases } from './count/cases.ts';
import { CPUS } from './count/cpus.ts';
import { type Case, GEOMETRY } from './count/geometry.ts';
import { networkCases } from './count/network_cases.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const emulator = join(process.env.THUMBNET_SHARED ?? join(here, '../../shared'), 'emulator');
const cmsis = process.env.CMSIS_NN;
if (!cmsis) throw new Error('set CMSIS_NN to a checkout of CMSIS-NN');

/** core: [machine, linker script, machine options] */
const MACHINES: Record<string, [string, string, string[]]> = {
  'cortex-m0': [
    'microbit',
    'microbit-big',
    ['-global', 'nrf51-soc.sram-size=0x100000', '-global', 'nrf51-soc.flash-size=0x100000'],
  ],
  'cortex-m3': ['mps2-an385', 'mps2-an385', []],
  'cortex-m4': ['mps2-an386', 'mps2-an386', []],
  'cortex-m7': ['mps2-an500', 'mps2-an500', []],
  'cortex-m33': ['mps2-an505', 'mps2-an505', []],
  'cortex-m55': ['mps3-an547', 'mps3-an547', []],
};

const run = (command: string, args: string[], cwd?: string) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' });

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    if (e.isDirectory()) return e.name === 'Bindings' ? [] : sources(path);
    return /\.c$/.test(e.name) && !/_f(16|32)\.c$/.test(e.name) ? [path] : [];
  });
}

const work = join(tmpdir(), 'thumbnet_count');
mkdirSync(work, { recursive: true });
const plugin = join(work, 'icplug.so');
run('gcc', ['-O2', '-shared', '-fPIC', '-o', plugin, join(emulator, 'icplug.c')]);
const drawn = instructionCases();
const network = networkCases(join(emulator, '../data/models'));
const all = [...drawn, ...network];
const line = (c: Case) => [c.kernel, ...GEOMETRY.map((k) => c[k])].join(',');
const counted = new Map<string, (number | '')[]>(all.map((c) => [line(c), []]));

for (const [core, [machine, script, options]] of Object.entries(MACHINES)) {
  const cases = all.filter((c) => core !== 'cortex-m55' || c.kernel !== 'softmax_s8');
  const dir = join(work, core);
  mkdirSync(dir, { recursive: true });
  const flags = [
    ...CPUS[core],
    '-mthumb',
    '-O2',
    '-ffunction-sections',
    '-fdata-sections',
    `-I${join(cmsis, 'Include')}`,
    `-I${emulator}`,
    `-I${dir}`,
  ];
  const objects = sources(join(cmsis, 'Source')).map((file) => {
    const object = join(dir, `${basename(file, '.c')}.o`);
    const skip = core === 'cortex-m55' && /softmax/.test(file);
    if (!skip && !existsSync(object)) run('arm-none-eabi-gcc', [...flags, '-c', file, '-o', object]);
    return skip ? '' : object;
  });
  const table = cases.map((c) => `{ ${c.kernel.toUpperCase()}, ${GEOMETRY.map((k) => c[k]).join(', ')} },`);
  writeFileSync(join(dir, 'cases.h'), `static const geometry cases[] = {\n${table.join('\n')}\n};\n`);
  const elf = join(dir, 'count.elf');
  run(
    'arm-none-eabi-gcc',
    [
      ...flags,
      '-nostartfiles',
      '--specs=nano.specs',
      '-Wl,--gc-sections',
      '-L',
      'linker',
      '-T',
      `linker/${script}.ld`,
      'startup.c',
    ].concat(join(here, 'count/kernels.c'), objects.filter(Boolean), '-o', elf),
    emulator,
  );
  const symbols = run('arm-none-eabi-nm', [elf]);
  const address = (name: string) => symbols.match(new RegExp(`^([0-9a-f]+) T ${name}$`, 'm'))![1];
  const out = join(dir, 'count.txt');
  const semihosting = ['-semihosting-config', 'enable=on,target=native,chardev=sh', '-chardev', 'stdio,id=sh'];
  const printed = run('qemu-system-arm', [
    ...['-M', machine, ...options, '-display', 'none', '-serial', 'none', '-monitor', 'none', ...semihosting],
    ...['-plugin', `${plugin},out=${out},begin=${address('mark_begin')},end=${address('mark_end')}`, '-kernel', elf],
  ]);
  const failed = new Set([...printed.matchAll(/case=(\d+)/g)].map((m) => Number(m[1])));
  const counts = [...readFileSync(out, 'utf8').matchAll(/^window \d+ (\d+)$/gm)].map((m) => Number(m[1]));
  if (counts.length !== cases.length) throw new Error(`${core}: ${counts.length} counts of ${cases.length} cases`);
  const column = Object.keys(MACHINES).indexOf(core);
  cases.forEach((c, i) => {
    counted.get(line(c))![column] = failed.has(i) ? '' : counts[i];
  });
  process.stderr.write(`${core}: ${cases.length - failed.size} of ${cases.length} cases\n`);
}
mkdirSync(join(here, 'data'), { recursive: true });
const header = ['kernel', ...GEOMETRY, ...Object.keys(MACHINES)].join(',');
const write = (name: string, cases: readonly Case[]) => {
  const lines = [...new Set(cases.map(line))].map((c) =>
    [c, ...Object.keys(MACHINES).map((_, i) => counted.get(c)![i] ?? '')].join(','),
  );
  writeFileSync(join(here, 'data', name), `${[header, ...lines].join('\n')}\n`);
};
write('instruction_counts.csv', drawn);
write('network_counts.csv', network);
