/**
 * Fits the models of instructions, code and cycles and writes src/mcu/instruction_data.ts, code_data.ts and cycle_data.ts. Reads scripts/data and ../shared/data/measured.
 *
 *   node --import tsx scripts/fit_cost_model.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CycleError, crossValidate, fitCycles, levelsOf, measurements, withoutNetwork } from './fit/cycles.ts';
import { fitInstructions, instructionErrors, ownCounts, quantile, readCsv, sharedCounts } from './fit/instructions.ts';

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
import type { LatencyError } from './cycles.ts';

/**
 * Instructions of one run of each part of a kernel (names: src/ops/features), by core and kernel.
 * Source: instructions executed on QEMU 7.2 by CMSIS-NN 99f736a, GCC 12.2.1 -O2 (scripts/data/instruction_counts.csv and the
 * counts shared with the project); dot_f32 is plain C.
 */
// biome-ignore format: one line a kernel
export const INSTRUCTIONS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>> = {
${table.join('\n')}
};

/** Relative error of the instruction model on counts left out of the fit. */
export const INSTRUCTION_ERROR: Readonly<Record<string, LatencyError>> = {
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
 * Source: CMSIS-NN 99f736a with newlib-nano, GCC 12.2.1 -O2 -ffunction-sections --gc-sections (scripts/data/code_sizes.json).
 */
// biome-ignore format: numbers in rows
export const CODE: Readonly<Record<string, { readonly bytes: readonly number[]; readonly kernels: Readonly<Record<string, readonly number[]>> }>> = {
${codeTable.join('\n')}
};
`,
);

const rows = measurements(measured, join(measured, '../models'));
const cycles = fitCycles(rows);
const known = crossValidate(rows, 'known');
const unknown = crossValidate(rows, 'unknown');
const cmsisNn = withoutNetwork(rows);
const short = (x: number) => Number(x.toPrecision(3));
const mean = (all: readonly number[]) => all.reduce((a, b) => a + b, 0) / all.length;
const errorOf = (signed: readonly number[]) => {
  const errors = signed.map(Math.abs);
  return errors.length
    ? `{ mean: ${short(mean(errors))}, median: ${short(quantile(errors, 0.5))}, p90: ${short(quantile(errors, 0.9))}, count: ${errors.length} }`
    : 'null';
};
const heldOutOf = (found: readonly CycleError[]) => errorOf(found.map((e) => e.error));
const energies = cmsisNn.flatMap((e) => e.energy ?? []);
console.error('CMSIS-NN, network left out', heldOutOf(cmsisNn), 'energy', errorOf(energies));
if (process.argv.includes('--rows')) {
  for (const e of cmsisNn) console.error(e.core, e.mcu, e.stack, e.model, `${(100 * e.error).toFixed(1)} %`);
}
const levels = levelsOf(rows, cycles);

/** Power of each MLPerf Tiny run that has one, beside the median of its chip. */
const powers = readCsv(join(measured, 'mlperf_tiny.csv'))
  .filter((r) => r.power_mw && !r.accelerator && r.clock_mhz)
  .map((r) => ({ chip: `${r.mcu} ${r.supply_v}`, each: Number(r.power_mw) / Number(r.clock_mhz) }));
const powerErrors = powers.flatMap(({ chip, each }) => {
  const others = powers.filter((p) => p.chip === chip).map((p) => p.each);
  return others.length > 2 ? [Math.abs(quantile(others, 0.5) / each - 1)] : [];
});
const cycleTable = Object.keys(cycles.scale).map((c) => {
  const of = rows.filter((r) => r.core === c);
  const chips = [...new Set(of.map((r) => r.mcu))].sort();
  const own = (found: readonly CycleError[]) => found.filter((e) => e.core === c);
  const heldOut = [
    `known: ${heldOutOf(own(known))}`,
    `unknown: ${heldOutOf(own(unknown))}`,
    `cmsisNn: ${heldOutOf(own(cmsisNn))}`,
  ].join(', ');
  const told = levels
    .filter((l) => l.core === c)
    .map(
      (l) =>
        `{ runtime: '${l.runtime}', times: ${short(l.times)}, low: ${short(l.low)}, high: ${short(l.high)}, count: ${l.count}, leftOut: ${l.leftOut === null ? null : short(l.leftOut)} }`,
    );
  console.error(c, cycles.scale[c], cycles.fetch[c], heldOut);
  return `  // ${of.length} measurements on ${chips.join(', ')}
  'cortex-${c.toLowerCase()}': {
    scale: ${short(cycles.scale[c])}, fetch: ${short(cycles.fetch[c])}, chips: ${chips.length},
    heldOut: { ${heldOut} },
    levels: [${told.join(', ')}],
  },`;
});

writeFileSync(
  join(here, '../src/mcu/cycle_data.ts'),
  `// Written by scripts/fit_cost_model.ts; do not edit.
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: fitted numbers

import type { Cycles, LatencyError } from './cycles.ts';

// biome-ignore format: one line a figure
export const CYCLES: Readonly<Record<string, Cycles>> = {
${cycleTable.join('\n')}
};

/** Power of a run of MLPerf Tiny, predicted by the median of all runs of its chip: they differ by network, runtime and clock. */
export const POWER_ERROR: LatencyError = ${errorOf(powerErrors)};

/** Energy of the runs of stacks with CMSIS-NN: latency by a fit that has not seen the network, power by the chip's runs of other networks. */
export const ENERGY_ERROR: LatencyError = ${errorOf(energies)};
`,
);
