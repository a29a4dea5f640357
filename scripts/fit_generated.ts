/**
 * Fits what the C that Thumbnet writes executes and takes (scripts/data/generated_counts.json) and writes src/mcu/generated_data.ts. The
 * error told is that of layers that were left out, one of five at a time.
 *
 *   node --import tsx scripts/fit_generated.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asEmitted } from '../src/c/layers.ts';
import type { Variant } from '../src/c/parts.ts';
import { variantOf } from '../src/c/parts.ts';
import { generated } from '../src/mcu/generated.ts';
import { codeFeatures } from '../src/mcu/generated_cost.ts';
import { type Coefficients, type Features, generatedFeatures, pathsOf, predicted } from '../src/mcu/generated_features.ts';
import { onChip } from '../src/mcu/graph_cost.ts';
import type { CoreName } from '../src/targets/index.ts';
import { COUNTED, type GeneratedCase, type GeneratedCounts, generatedCases, keptCases } from './count/generated_cases.ts';
import { quantile, readCsv } from './fit/instructions.ts';
import { nnls } from './nnls.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const counts: Record<string, GeneratedCounts> = JSON.parse(readFileSync(join(here, 'data/generated_counts.json'), 'utf8'));
const cases = generatedCases();
const kept = keptCases();
const FOLDS = 5;
/** A path that was counted fewer times is taken with all of its kernel. */
const LEAST = 6;

/** The most stack of a network of usual inputs and outputs: those that are counted together have so many that they lie on it. */
const networks = readCsv(join(here, 'data/generated_networks.csv'));
const stackOf = (variant: Variant): number =>
  Math.max(
    ...networks.filter((r) => r.stack_bytes && variantOf(r.core as CoreName) === variant).map((r) => Number(r.stack_bytes)),
  );

interface Row {
  readonly kernel: string;
  readonly paths: readonly string[];
  readonly features: Features;
  readonly instructions: number;
}

function rowsOf(variant: Variant, from: readonly GeneratedCase[], counted: readonly (readonly number[])[]): Row[] {
  return from.flatMap(({ graph, trade }, g) => {
    const { network, layers } = generated(onChip(graph), { variant, trade })!;
    return network.layers.map((l, i) => ({
      kernel: l.kernel,
      paths: pathsOf(asEmitted(l.call!, trade), layers[i].functions),
      features: generatedFeatures(l.call!, variant),
      instructions: counted[g][i],
    }));
  });
}

/** Relative errors count; those of large layers more, since whole networks are made of them. */
function fit(rows: readonly Row[]): Coefficients {
  const names = Object.keys(rows[0].features);
  const solved = nnls(
    rows.map((r) => names.map((n) => ((r.features[n] ?? 0) / r.instructions) * weightOf(r))),
    rows.map(weightOf),
    1e-7,
  );
  return Object.fromEntries(names.flatMap((n, i) => (solved[i] > 0 ? [[n, Number(solved[i].toPrecision(4))]] : [])));
}

const weightOf = ({ instructions: n }: Row): number => Math.sqrt(Math.sqrt(n));

function groupsOf(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    for (const path of row.paths) {
      const group = groups.get(path);
      if (group) group.push(row);
      else groups.set(path, [row]);
    }
  }
  for (const [key, found] of groups) if (key.includes(':') && found.length < LEAST) groups.delete(key);
  // Of two that hold the same layers the general one is kept.
  for (const { paths } of rows) {
    const known = paths.filter((p) => groups.has(p));
    known.slice(1).forEach((p, i) => {
      if (groups.get(p)!.length === groups.get(known[i])!.length) groups.delete(known[i]);
    });
  }
  return groups;
}

type Fitted = Readonly<Record<string, Coefficients>>;

const fitAll = (rows: readonly Row[]): Fitted => Object.fromEntries([...groupsOf(rows)].map(([key, found]) => [key, fit(found)]));

const pathOf = (fitted: Fitted, { paths }: Row): string => paths.find((p) => fitted[p])!;

interface Off {
  readonly row: Row;
  readonly error: number;
}

const offOf = (fitted: Fitted, row: Row): Off => ({
  row,
  error: Math.abs(predicted(fitted[pathOf(fitted, row)], row.features) / row.instructions - 1),
});

function heldOut(rows: readonly Row[]): Off[] {
  return Array.from({ length: FOLDS }, (_, fold) => fold).flatMap((fold) => {
    const fitted = fitAll(rows.filter((_, i) => i % FOLDS !== fold));
    return rows.filter((_, i) => i % FOLDS === fold).map((row) => offOf(fitted, row));
  });
}

const short = (x: number) => Number(x.toPrecision(3));

function errorsOf(found: readonly Off[]): string {
  const all = found.map((f) => f.error);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return `{ mean: ${short(mean)}, median: ${short(quantile(all, 0.5))}, p90: ${short(quantile(all, 0.9))}, worst: ${short(Math.max(...all))}, count: ${all.length} }`;
}

/** Errors by what `keyOf` tells of a row. */
function print(found: readonly Off[], keyOf: (row: Row) => string): void {
  for (const key of new Set(found.map((f) => keyOf(f.row)))) {
    console.error('   ', key, errorsOf(found.filter((f) => keyOf(f.row) === key)));
  }
}

/** Bytes of whole code files by the length of their functions' texts and the number of calls. */
function codeOf(variant: Variant, bytes: readonly number[]): string {
  const rows = cases.map(({ graph, trade }) => codeFeatures(generated(onChip(graph), { variant, trade })!));
  const fitCode = (isUsed: (i: number) => boolean) => {
    const places = rows.map((_, i) => i).filter(isUsed);
    return nnls(
      places.map((i) => rows[i].map((v) => v / bytes[i])),
      places.map(() => 1),
    );
  };
  const off = (each: readonly number[], i: number) => Math.abs(rows[i].reduce((n, v, k) => n + v * each[k], 0) / bytes[i] - 1);
  const left = rows.map((_, i) => {
    const others = fitCode((k) => k !== i);
    return off(others, i);
  });
  const [assembly, word, call, fixed] = fitCode(() => true).map(short);
  const heldOut = `{ median: ${short(quantile(left, 0.5))}, p90: ${short(quantile(left, 0.9))}, count: ${left.length} }`;
  console.error('  code left out', heldOut);
  return `  ${variant}: { heldOut: ${heldOut}, stack: ${stackOf(variant)}, assembly: ${assembly}, word: ${word}, call: ${call}, fixed: ${fixed} },`;
}

const instructions: string[] = [];
const errors: string[] = [];
const code: string[] = [];
for (const [variant, core] of Object.entries(COUNTED) as [Variant, CoreName][]) {
  const counted = counts[core];
  if (counted.code.length !== cases.length || counted.kept.length !== kept.length) {
    throw new Error(`${core} was counted for other networks: run scripts/count_generated.ts ${core}`);
  }
  const rows = rowsOf(variant, cases, counted.instructions);
  const fitted = fitAll(rows);
  const found = heldOut(rows);
  const unseen = rowsOf(variant, kept, counted.kept).map((row) => offOf(fitted, row));
  console.error(variant, 'left out', errorsOf(found), 'other networks', errorsOf(unseen));
  if (process.argv.includes('--paths')) print(found, (row) => pathOf(fitted, row));
  if (process.argv.includes('--kernels')) print(unseen, (row) => row.kernel);
  const lines = Object.entries(fitted).map(([key, each]) => {
    const terms = Object.entries(each).map(([name, value]) => `${name}: ${value}`);
    return `    '${key}': { ${terms.join(', ')} },`;
  });
  instructions.push(`  ${variant}: {\n${lines.join('\n')}\n  },`);
  errors.push(`  ${variant}: ${errorsOf(found)},`);
  code.push(codeOf(variant, counted.code));
}

writeFileSync(
  join(here, '../src/mcu/generated_data.ts'),
  `// Written by scripts/fit_generated.ts; do not edit.
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: fitted numbers
import type { Variant } from '../c/parts.ts';
import type { FittedCode, LayerError } from './generated_code.ts';
import type { Coefficients } from './generated_features.ts';

/**
 * Of the C that src/c writes, GCC -O2, by the way that it is written. Instructions of one run of each part of a layer (names:
 * generated_features.ts), by the code that runs and, where that was seldom counted, by kernel, then by family.
 * Source: executed instructions on QEMU, scripts/count_generated.ts.
 */
// biome-ignore format: one line a path
export const GENERATED_INSTRUCTIONS: Readonly<Record<Variant, Readonly<Record<string, Coefficients>>>> = {
${instructions.join('\n')}
};

/** Of a layer's instructions. */
// biome-ignore format: one line a way to write C
export const GENERATED_ERROR: Readonly<Record<Variant, LayerError>> = {
${errors.join('\n')}
};

/** The stack is the most of five networks (count_generated_networks.ts). */
// biome-ignore format: one line a way to write C
export const GENERATED_CODE: Readonly<Record<Variant, FittedCode>> = {
${code.join('\n')}
};
`,
);
