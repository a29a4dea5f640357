/**
 * Fits what the C that Thumbnet writes executes and takes (scripts/data/generated_counts.json) and writes src/mcu/generated_data.ts. The
 * error told is that of layers that were left out, one of four at a time.
 *
 *   node --import tsx scripts/fit_generated.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Variant, variantOf } from '../src/c/parts.ts';
import { formatCoefficients } from '../src/mcu/coefficients.ts';
import { generated } from '../src/mcu/generated.ts';
import { type FittedCode, LEAST_TOLD } from '../src/mcu/generated_code.ts';
import { bytesOfCode, type CodeFeatures, codeFeatures } from '../src/mcu/generated_cost.ts';
import { FRAME_KINDS, type FrameKind, isUsual } from '../src/mcu/generated_stack.ts';
import { onChip } from '../src/mcu/graph_cost.ts';
import type { CoreName } from '../src/targets/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import {
  COUNTED,
  type CountedNetwork,
  fittedCases,
  type GeneratedCase,
  type GeneratedCounts,
  keptCases,
} from './count/generated_cases.ts';
import { FOLDS, fitAll, heldOut, type Off, offOf, type Row, rowsOf } from './fit/generated.ts';
import { type CodeFit, fitCode, rounded } from './fit/generated_code.ts';
import { quantile, readCsv } from './fit/instructions.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const counts: Record<string, GeneratedCounts> = JSON.parse(readFileSync(join(here, 'data/generated_counts.json'), 'utf8'));
const cases = fittedCases(await Heap.open());
const kept = keptCases();

/** Networks of which the stack was counted, with what their texts tell of it by kind of layer. */
interface CountedStack {
  readonly core: string;
  readonly told: ReadonlyMap<FrameKind, number>;
  readonly bytes: number;
}

const stacks = readCsv(join(here, 'data/generated_stack.csv')).map((row): CountedStack => {
  const told = FRAME_KINDS.flatMap((kind) => (row[kind] === '' ? [] : [[kind, Number(row[kind])] as const]));
  return { core: row.core, told: new Map(told), bytes: Number(row.stack_bytes) };
});

/** Whole networks: where some layers are not the usual ones, all of the stack may be theirs. */
const counted = readCsv(join(here, 'data/generated_networks.csv'));
const networks = counted.flatMap((row): CountedStack[] => {
  if (!row.stack_bytes) return [];
  const kernels = counted.filter((r) => r.kernel && r.network === row.network && r.core === row.core).map((r) => r.kernel);
  const told: readonly [FrameKind, number] = kernels.every(isUsual) ? ['usual', Number(row.told_stack_bytes)] : ['other', 0];
  return [{ core: row.core, told: new Map([told]), bytes: Number(row.stack_bytes) }];
});

/** Each kind takes what those before it do not explain. */
const ORDER = ['usual', 'other', 'deep'] as const;

/** A bound by kind of layer. */
function stackOf(variant: Variant): FittedCode['stack'] {
  const own = [...networks, ...stacks].filter((r) => variantOf(r.core as CoreName) === variant);
  const found = { usual: 0, deep: 0, other: 0 };
  for (const [i, kind] of ORDER.entries()) {
    for (const { told, bytes } of own) {
      // Of a deep layer beside others nothing tells whose the stack is: it is taken for that layer's.
      const explained = Math.max(0, ...[...told].map(([k, n]) => (kind === 'deep' && k === 'other' ? 0 : found[k] + n)));
      const isLast = !ORDER.slice(i + 1).some((k) => told.has(k));
      if (told.has(kind) && isLast && bytes > explained) found[kind] = bytes - told.get(kind)!;
    }
  }
  return found;
}

function errorsOf(found: readonly Off[]): string {
  const all = found.filter((f) => f.row.instructions >= LEAST_TOLD).map((f) => f.error);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return `{ mean: ${rounded(mean)}, median: ${rounded(quantile(all, 0.5))}, p90: ${rounded(quantile(all, 0.9))}, worst: ${rounded(Math.max(...all))}, count: ${all.length} }`;
}

/** Errors by what `keyOf` tells of a row. */
function print(found: readonly Off[], keyOf: (row: Row) => string): void {
  for (const key of new Set(found.map((f) => keyOf(f.row)))) {
    const own = found.filter((f) => keyOf(f.row) === key);
    if (own.some((f) => f.row.instructions >= LEAST_TOLD)) console.error('   ', key, errorsOf(own));
  }
}

function codeOf(variant: Variant, counted: readonly CountedNetwork[]): string {
  const featuresOf = ({ graph, trade }: GeneratedCase) => codeFeatures(generated(onChip(graph), { variant, trade })!, variant);
  const rows = cases.map(featuresOf);
  const bytes = counted.map((n) => n.code);
  const off = (fitted: CodeFit, row: CodeFeatures, real: number) => Math.abs(bytesOfCode(row, fitted) / real - 1);
  const folds = Array.from({ length: FOLDS }, (_, fold) => {
    const isLeft = (_: unknown, i: number) => i % FOLDS === fold;
    const others = (v: unknown, i: number) => !isLeft(v, i);
    return fitCode(rows.filter(others), bytes.filter(others));
  });
  const left = rows.map((row, i) => off(folds[i % FOLDS], row, bytes[i]));
  const fitted = fitCode(rows, bytes);
  const mean = left.reduce((a, b) => a + b, 0) / left.length;
  const heldOut = `{ mean: ${rounded(mean)}, median: ${rounded(quantile(left, 0.5))}, p90: ${rounded(quantile(left, 0.9))}, count: ${left.length} }`;
  console.error('  code left out', heldOut);
  const words = Object.entries(fitted.words).map(([base, each]) => `${base}: ${each}`);
  const stack = stackOf(variant);
  return `  ${variant}: {
    heldOut: ${heldOut},
    stack: { usual: ${stack.usual}, deep: ${stack.deep}, other: ${stack.other} }, word: ${fitted.word}, call: ${fitted.call}, fixed: ${fitted.fixed},
    words: { ${words.join(', ')} },
  },`;
}

const instructions: string[] = [];
const words: string[] = [];
const errors: string[] = [];
const code: string[] = [];
/** Cores whose errors are printed, and nothing is written. */
const shown = process.argv.filter((a) => a.startsWith('cortex-'));
for (const [variant, core] of Object.entries(COUNTED) as [Variant, CoreName][]) {
  if (shown.length && !shown.includes(core)) continue;
  const counted = counts[core];
  if (counted?.fitted.length !== cases.length || counted.kept.length !== kept.length) {
    throw new Error(`${core} was counted for other networks: run scripts/count_generated.ts ${core}`);
  }
  const rows = rowsOf(variant, cases, counted.fitted);
  const fitted = fitAll(rows);
  const found = heldOut(rows);
  const unseen = rowsOf(variant, kept, counted.kept).map((row) => offOf(fitted, row));
  console.error(variant, 'left out', errorsOf(found), 'other networks', errorsOf(unseen));
  if (process.argv.includes('--kernels')) print(found, (row) => row.kernel);
  if (process.argv.includes('--kept')) print(unseen, (row) => row.kernel);
  const lines = Object.entries(fitted.each).map(([tag, each]) => `    '${tag}': '${formatCoefficients(each)}',`);
  instructions.push(`  ${variant}: {\n${lines.join('\n')}\n  },`);
  words.push(`  ${variant}: ${rounded(fitted.word)},`);
  errors.push(`  ${variant}: { leftOut: ${errorsOf(found)}, others: ${errorsOf(unseen)} },`);
  code.push(codeOf(variant, counted.fitted));
}

if (!shown.length)
  writeFileSync(
    join(here, '../src/mcu/generated_data.ts'),
    `// Written by scripts/fit_generated.ts; do not edit.
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: fitted numbers
import type { Variant } from '../c/parts.ts';
import type { FittedCode, LayerError } from './generated_code.ts';

/**
 * Of the C that src/c writes, GCC -O2, by the way that it is written. Instructions of one run of each part of a layer's C (walk/), by
 * kernel and, where compilers make other code of some shapes, by these (generated_features.ts). Assembly is counted and not in here. The
 * lines are read by coefficients.ts.
 * Source: executed instructions on QEMU, scripts/count_generated.ts.
 */
// biome-ignore format: one line a kernel
export const GENERATED_INSTRUCTIONS: Readonly<Record<Variant, Readonly<Record<string, string>>>> = {
${instructions.join('\n')}
};

/** Instructions for each word of a part of which no run was counted. */
export const GENERATED_WORD: Readonly<Record<Variant, number>> = {
${words.join('\n')}
};

/** Of the instructions of layers that execute at least ${LEAST_TOLD}: of those that were left out, one of four at a time, and of other networks. */
// biome-ignore format: one line a way to write C
export const GENERATED_ERROR: Readonly<Record<Variant, { readonly leftOut: LayerError; readonly others: LayerError }>> = {
${errors.join('\n')}
};

/** The stack is the most of eight networks and of random ones (count_generated_networks.ts, count_generated_stack.ts). */
// biome-ignore format: one line a way to write C
export const GENERATED_CODE: Readonly<Record<Variant, FittedCode>> = {
${code.join('\n')}
};
`,
  );
