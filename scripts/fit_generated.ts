/**
 * Fits what the C that Thumbnet writes executes and takes (scripts/data/generated_counts.json) and writes src/mcu/generated_data.ts. The
 * error told is that of layers that were left out, one of five at a time.
 *
 *   node --import tsx scripts/fit_generated.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { variantOf } from '../src/c/parts.ts';
import { generated } from '../src/mcu/generated.ts';
import { codeFeatures } from '../src/mcu/generated_cost.ts';
import { type Features, generatedFeatures, pathsOf } from '../src/mcu/generated_features.ts';
import { onChip } from '../src/mcu/graph_cost.ts';
import type { CoreName } from '../src/targets/index.ts';
import { type GeneratedCounts, generatedCases } from './count/generated_cases.ts';
import { quantile, readCsv } from './fit/instructions.ts';
import { nnls } from './nnls.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const counts: Record<string, GeneratedCounts> = JSON.parse(readFileSync(join(here, 'data/generated_counts.json'), 'utf8'));
const cases = generatedCases();
const FOLDS = 5;
/** A path that was counted fewer times is taken with all of its kernel. */
const LEAST = 6;

/** The most stack of a network of usual inputs and outputs: those that are counted together have so many that they lie on it. */
const networks = readCsv(join(here, 'data/generated_networks.csv'));
const stackOf = (core: string): number =>
  Math.max(...networks.filter((r) => r.core === core && r.stack_bytes).map((r) => Number(r.stack_bytes)));

interface Row {
  readonly paths: readonly string[];
  readonly features: Features;
  readonly instructions: number;
}

function rowsOf(core: string): Row[] {
  const variant = variantOf(core as CoreName);
  return cases.flatMap((graph, g) => {
    const { network, layers } = generated(onChip(graph), variant)!;
    return network.layers.map((l, i) => ({
      paths: pathsOf(l.call!, layers[i].functions),
      features: generatedFeatures(l.call!, variant),
      instructions: counts[core].instructions[g][i],
    }));
  });
}

/** Relative errors count; those of large layers more, since whole networks are made of them. */
function fit(rows: readonly Row[]): Record<string, number> {
  const names = Object.keys(rows[0].features);
  const solved = nnls(
    rows.map((r) => names.map((n) => ((r.features[n] ?? 0) / r.instructions) * weightOf(r))),
    rows.map(weightOf),
    1e-7,
  );
  return Object.fromEntries(names.flatMap((n, i) => (solved[i] > 0 ? [[n, Number(solved[i].toPrecision(4))]] : [])));
}

const weightOf = ({ instructions: n }: Row): number => Math.sqrt(Math.sqrt(n));

const predict = (coefficients: Record<string, number>, features: Features): number =>
  Object.entries(coefficients).reduce((sum, [name, value]) => sum + value * (features[name] ?? 0), 0);

function groupsOf(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  const add = (key: string, row: Row) => groups.set(key, [...(groups.get(key) ?? []), row]);
  for (const row of rows) {
    for (const path of row.paths) add(path, row);
  }
  for (const [key, found] of groups) if (key.includes(':') && found.length < LEAST) groups.delete(key);
  return groups;
}

/** What kernels that were not counted are taken for: a pass over the elements. */
const ANY = ['requantize_s16_s8', 'elementwise_mul_s8'];

function fitAll(rows: readonly Row[]): Record<string, Record<string, number>> {
  const fitted = Object.fromEntries([...groupsOf(rows)].map(([key, found]) => [key, fit(found)]));
  return { ...fitted, any: fitted[ANY.find((kernel) => fitted[kernel])!] };
}

const errorOf = (fitted: Record<string, Record<string, number>>, row: Row): number =>
  predict(fitted[row.paths.find((p) => fitted[p]) ?? 'any'], row.features) / row.instructions - 1;

function heldOut(rows: readonly Row[]): { row: Row; error: number }[] {
  return Array.from({ length: FOLDS }, (_, fold) => fold).flatMap((fold) => {
    const fitted = fitAll(rows.filter((_, i) => i % FOLDS !== fold));
    return rows.filter((_, i) => i % FOLDS === fold).map((row) => ({ row, error: errorOf(fitted, row) }));
  });
}

const short = (x: number) => Number(x.toPrecision(3));
const instructions: string[] = [];
const errors: string[] = [];
const code: string[] = [];
for (const core of Object.keys(counts)) {
  if (counts[core].code.length !== cases.length) {
    console.error(`${core} was counted for other networks and is left out: run scripts/count_generated.ts ${core}`);
    continue;
  }
  const rows = rowsOf(core);
  const fitted = fitAll(rows);
  const found = heldOut(rows);
  const all = found.map((f) => Math.abs(f.error));
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  console.error(
    core,
    'mean',
    short(mean),
    'median',
    short(quantile(all, 0.5)),
    'p90',
    short(quantile(all, 0.9)),
    'worst',
    short(Math.max(...all)),
  );
  if (process.argv.includes('--paths')) {
    for (const key of Object.keys(fitted)) {
      const own = found.filter((f) => f.row.paths.find((p) => fitted[p]) === key).map((f) => Math.abs(f.error));
      console.error(
        '   ',
        key,
        own.length,
        'mean',
        short(own.reduce((a, b) => a + b, 0) / own.length),
        'worst',
        short(Math.max(...own)),
      );
    }
  }
  const lines = Object.entries(fitted).map(
    ([key, c]) =>
      `    '${key}': { ${Object.entries(c)
        .map(([n, v]) => `${n}: ${v}`)
        .join(', ')} },`,
  );
  instructions.push(`  '${core}': {\n${lines.join('\n')}\n  },`);
  errors.push(
    `  '${core}': { mean: ${short(mean)}, median: ${short(quantile(all, 0.5))}, p90: ${short(quantile(all, 0.9))}, worst: ${short(Math.max(...all))}, count: ${all.length} },`,
  );
  code.push(codeOf(core as CoreName));
}

/** Bytes of whole code files by the length of their functions' texts and the number of calls. */
function codeOf(core: CoreName): string {
  const bytes = counts[core].code;
  const rows = cases.map((graph) => codeFeatures(generated(onChip(graph), variantOf(core))!));
  const fitCode = (kept: (i: number) => boolean) => {
    const places = rows.map((_, i) => i).filter(kept);
    return nnls(
      places.map((i) => rows[i].map((v) => v / bytes[i])),
      places.map(() => 1),
    );
  };
  const off = (each: readonly number[], i: number) => rows[i].reduce((n, v, k) => n + v * each[k], 0) / bytes[i] - 1;
  const left = rows.map((_, i) =>
    Math.abs(
      off(
        fitCode((k) => k !== i),
        i,
      ),
    ),
  );
  const each = fitCode(() => true);
  const heldOut = `{ median: ${short(quantile(left, 0.5))}, p90: ${short(quantile(left, 0.9))}, count: ${left.length} }`;
  console.error(core, 'code', each.map(short), 'off', rows.map((_, i) => (100 * off(each, i)).toFixed(1)).join(' '));
  const [assembly, word, call, fixed] = each.map(short);
  return `  '${core}': { heldOut: ${heldOut}, stack: ${stackOf(core)}, assembly: ${assembly}, word: ${word}, call: ${call}, fixed: ${fixed} },`;
}

writeFileSync(
  join(here, '../src/mcu/generated_data.ts'),
  `// Written by scripts/fit_generated.ts; do not edit.
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: fitted numbers

/**
 * Of the C that src/c writes, GCC -O2, by core. Instructions of one run of each part of a layer (names: generated_features.ts), by the code
 * that runs and, where that was seldom counted, by kernel.
 * Source: executed instructions on QEMU, scripts/count_generated.ts.
 */
// biome-ignore format: one line a path
export const GENERATED_INSTRUCTIONS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>> = {
${instructions.join('\n')}
};

/** Relative error of a layer's instructions, of layers that were left out of the fit. */
export const GENERATED_ERROR: Readonly<
  Record<string, { readonly mean: number; readonly median: number; readonly p90: number; readonly worst: number; readonly count: number }>
> = {
${errors.join('\n')}
};

/**
 * Bytes of a code file for each line of assembly, word of C, call of a layer and file; and the most stack that was seen painted, of five networks (count_generated_networks.ts).
 */
// biome-ignore format: one line a core
export const GENERATED_CODE: Readonly<
  Record<
    string,
    {
      readonly heldOut: { readonly median: number; readonly p90: number; readonly count: number };
      readonly stack: number;
      readonly assembly: number;
      readonly word: number;
      readonly call: number;
      readonly fixed: number;
    }
  >
> = {
${code.join('\n')}
};
`,
);
