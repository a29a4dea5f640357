/**
 * Fits the instruction and cycle models and writes src/mcu/cost_data.ts. Reads scripts/data and ../shared/data/measured.
 *
 *   node --import tsx scripts/fit_cost_model.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crossValidate, fitCycles, measurements } from './fit/cycles.ts';
import { fitInstructions, instructionErrors, ownCounts, quantile, sharedCounts } from './fit/instructions.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const measured = join(process.env.THUMBNET_SHARED ?? join(here, '../../shared'), 'data/measured');

const own = ownCounts(join(here, 'data/instruction_counts.csv'));
const shared = sharedCounts(join(measured, 'instructions.csv'));
const resnet8 = sharedCounts(join(measured, 'instructions_resnet8.csv'));
const isHeldOut = (_: unknown, i: number) => Math.floor(i / 6) % 4 === 1;
const all = [...own, ...shared];
const instructions = fitInstructions(all.filter((c, i) => !isHeldOut(c, i)));
const heldOut = instructionErrors(instructions, all.filter(isHeldOut));
const network = instructionErrors(instructions, resnet8);
console.error('instructions, held-out counts', heldOut, 'layers of ResNet8', network);

const quote = (key: string) => (/^[a-z0-9]+$/i.test(key) ? key : `'${key}'`);
const inline = (o: Record<string, number>) =>
  `{ ${Object.entries(o)
    .map(([k, v]) => `${quote(k)}: ${v}`)
    .join(', ')} }`;
const table = Object.entries(instructions).map(
  ([core, kernels]) =>
    `  '${core}': {\n${Object.keys(kernels)
      .sort()
      .map((k) => `    ${quote(k)}: ${inline(kernels[k])},`)
      .join('\n')}\n  },`,
);
const errors = Object.entries(heldOut).map(([core, e]) => `  '${core}': ${inline(e)},`);

writeFileSync(
  join(here, '../src/mcu/instruction_data.ts'),
  `// Written by scripts/fit_cost_model.ts; do not edit.
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: fitted numbers

/**
 * Instructions of one run of each part of a kernel (names: src/ops/features), by core and kernel.
 * Source: instructions executed on QEMU 7.2 by CMSIS-NN 99f736a, GCC 12.2.1 -O2 (scripts/count_instructions.ts and the
 * counts shared with the project); dot_f32 is plain C.
 */
// biome-ignore format: one line a kernel
export const INSTRUCTIONS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>> = {
${table.join('\n')}
};

/** Relative error of the instruction model on counts left out of the fit. */
export const INSTRUCTION_ERROR: Readonly<
  Record<string, { readonly median: number; readonly p90: number; readonly count: number }>
> = {
${errors.join('\n')}
};
`,
);

const code: Record<'kernels' | 'sizes', Record<string, Record<string, never>>> = JSON.parse(
  readFileSync(join(here, 'data/code_sizes.json'), 'utf8'),
);
const functions = [...new Set(Object.values(code.sizes).flatMap((s) => Object.keys(s)))].sort();
const codeTable = Object.entries(code.kernels).map(([core, kernels]) => {
  const bytes = functions.map((f) => code.sizes[core][f] ?? 0).join(', ');
  const lists = Object.entries(kernels as Record<string, string[]>).map(
    ([k, fs]) => `      ${k}: [${fs.map((f) => functions.indexOf(f)).join(', ')}],`,
  );
  return `  '${core}': {\n    bytes: [${bytes}],\n    kernels: {\n${lists.join('\n')}\n    },\n  },`;
});

writeFileSync(
  join(here, '../src/mcu/code_data.ts'),
  `// Written by scripts/fit_cost_model.ts; do not edit.

/**
 * Bytes of the functions that kernels pull into flash, and by kernel the places in that list. Linking two kernels pulls the union.
 * Source: CMSIS-NN 99f736a with newlib-nano, GCC 12.2.1 -O2 -ffunction-sections --gc-sections (scripts/count_code.ts).
 */
// biome-ignore format: numbers in rows
export const CODE: Readonly<Record<string, { readonly bytes: readonly number[]; readonly kernels: Readonly<Record<string, readonly number[]>> }>> = {
${codeTable.join('\n')}
};
`,
);

const rows = measurements(measured, join(measured, '../models'));
const cycles = fitCycles(rows);
const checked = crossValidate(rows);
const short = (x: number) => Number(x.toPrecision(3));
const cycleTable = Object.keys(cycles.cpi).map((c) => {
  const errors = checked.filter((e) => e.core === c).map((e) => Math.abs(e.error));
  const of = rows.filter((r) => r.core === c);
  const heldOut = errors.length
    ? `{ median: ${short(quantile(errors, 0.5))}, p90: ${short(quantile(errors, 0.9))}, count: ${errors.length} }`
    : 'null';
  const chips = [...new Set(of.map((r) => r.mcu))].sort().join(', ');
  console.error(c, cycles.cpi[c], cycles.fetch[c], heldOut);
  return `  // ${of.length} measurements on ${chips}\n  'cortex-${c.toLowerCase()}': { cpi: ${short(cycles.cpi[c])}, fetch: ${short(cycles.fetch[c])}, heldOut: ${heldOut} },`;
});

writeFileSync(
  join(here, '../src/mcu/cycle_data.ts'),
  `// Written by scripts/fit_cost_model.ts; do not edit.

/**
 * cpi    cycles for each instruction of CMSIS-NN kernels
 * fetch  cycles for each byte of weights, which come from flash once an inference (0.3 and 0.5: no measurement, a guess)
 * heldOut relative error of latency on a chip that was left out of the fit (M55, M85: a network, there being one chip), the runtime's
 *        level being known from other chips; null: too few measurements to leave one out
 *
 * Source: published latencies (MLPerf Tiny v0.5 to v1.3, ST model zoo, TinyMaix, helia-profiler, executorch and others) against counted
 * instructions of the same networks. Runtimes differ: each has a level for each kind of network; that of CMSIS-NN (ONNC, heliaRT,
 * ExecuTorch, TFLM since 2021) is 1 and is what these figures stand for.
 */
export const CYCLES: Readonly<
  Record<
    string,
    {
      readonly cpi: number;
      readonly fetch: number;
      readonly heldOut: { readonly median: number; readonly p90: number; readonly count: number } | null;
    }
  >
> = {
${cycleTable.join('\n')}
};
`,
);
