/**
 * Fits what the C that Thumbnet writes executes and takes (scripts/data/generated_counts.json) and writes src/mcu/generated_data.ts. The
 * error told is that of layers that were left out, one of four at a time.
 *
 *   node --import tsx scripts/fit_generated.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asEmitted } from '../src/c/layers.ts';
import { type Variant, variantOf } from '../src/c/parts.ts';
import { type Coefficients, formatCoefficients } from '../src/mcu/coefficients.ts';
import { generated } from '../src/mcu/generated.ts';
import { type FittedCode, LEAST_TOLD } from '../src/mcu/generated_code.ts';
import { bytesOfCode, type CodeFeatures, codeFeatures } from '../src/mcu/generated_cost.ts';
import { executedOf, type LayerWalk, tagsOf } from '../src/mcu/generated_features.ts';
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
import { quantile, readCsv } from './fit/instructions.ts';
import { nnls } from './nnls.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const counts: Record<string, GeneratedCounts> = JSON.parse(readFileSync(join(here, 'data/generated_counts.json'), 'utf8'));
const cases = fittedCases(await Heap.open());
const kept = keptCases();
const FOLDS = 4;
/** A shape that was counted fewer times is taken with others of its kernel. */
const LEAST = 4;

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
const ORDER = ['usual', 'other', 'recurrent'] as const;

/** A bound by kind of layer. */
function stackOf(variant: Variant): FittedCode['stack'] {
  const own = [...networks, ...stacks].filter((r) => variantOf(r.core as CoreName) === variant);
  const found = { usual: 0, recurrent: 0, other: 0 };
  for (const [i, kind] of ORDER.entries()) {
    for (const { told, bytes } of own) {
      const explained = Math.max(0, ...[...told].map(([k, n]) => found[k] + n));
      const isLast = !ORDER.slice(i + 1).some((k) => told.has(k));
      if (told.has(kind) && isLast && bytes > explained) found[kind] = bytes - told.get(kind)!;
    }
  }
  return found;
}

interface Row {
  readonly kernel: string;
  readonly tags: readonly string[];
  readonly walk: LayerWalk;
  readonly instructions: number;
}

function rowsOf(variant: Variant, from: readonly GeneratedCase[], counted: readonly CountedNetwork[]): Row[] {
  return from.flatMap(({ graph, trade }, g) => {
    const { network, layers } = generated(onChip(graph), { variant, trade })!;
    return network.layers.map((l, i) => ({
      kernel: l.kernel,
      tags: tagsOf(asEmitted(l.call!, trade), layers[i].functions, layers[i].walk().loops),
      walk: layers[i].walk(),
      instructions: counted[g].instructions[i],
    }));
  });
}

/** How strongly coefficients are held to what is known of them, beside rows: of a kernel, of shapes of it. */
const HELD = { kernel: 0.02, shape: 0.5 };

/** Layers of so many instructions count in full, smaller ones less. */
const FULL = 2000;

const weightOf = ({ instructions }: Row): number => Math.sqrt(Math.min(1, instructions / FULL));

/**
 * Relative errors count; assembly is known. Coefficients are held to those of a wider group, and those of a kernel to the length of its
 * texts, so that few rows do not make them wild.
 */
function fit(rows: readonly Row[], word: number, wider: Coefficients | null): Coefficients {
  const words = new Map<string, number>();
  for (const { walk } of rows) for (const [key, runs] of walk.parts) if (runs.usual) words.set(key, runs.words);
  const names = [...words.keys()].sort();
  const matrix = rows.map((r) =>
    [1, ...names.map((n) => r.walk.parts.get(n)?.usual ?? 0)].map((v) => (weightOf(r) * v) / r.instructions),
  );
  const target = rows.map((r) => weightOf(r) * Math.max(0, 1 - r.walk.assembly / r.instructions));
  const held = wider ? HELD.shape : HELD.kernel;
  ['one', ...names].forEach((name, j) => {
    const length = Math.sqrt((held * matrix.slice(0, rows.length).reduce((n, row) => n + row[j] * row[j], 0)) / rows.length);
    const known = wider?.[name] ?? (name === 'one' ? 0 : word * words.get(name)!);
    matrix.push(Array.from({ length: names.length + 1 }, (_, k) => (k === j ? length : 0)));
    target.push(length * known);
  });
  const solved = nnls(matrix, target, 1e-9);
  // Parts that cost nothing of their own are told too: they were seen.
  return Object.fromEntries(['one', ...names].map((n, i) => [n, Number(solved[i].toPrecision(3))]));
}

function groupsOf(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    for (const tag of row.tags) {
      const group = groups.get(tag);
      if (group) group.push(row);
      else groups.set(tag, [row]);
    }
  }
  for (const [key, found] of groups) if (key.includes(':') && found.length < LEAST) groups.delete(key);
  // Of two that hold the same layers the general one is kept.
  for (const { tags } of rows) {
    const known = tags.filter((p) => groups.has(p));
    known.slice(1).forEach((p, i) => {
      if (groups.get(p)!.length === groups.get(known[i])!.length) groups.delete(known[i]);
    });
  }
  return groups;
}

interface Fitted {
  readonly each: Readonly<Record<string, Coefficients>>;
  readonly word: number;
}

/** Instructions for each word of a part's text: the median. */
const wordOf = (rows: readonly Row[]): number =>
  quantile(
    rows.flatMap(({ walk, instructions }) => {
      const words = [...walk.parts.values()].reduce((n, runs) => n + runs.words * runs.usual, 0);
      return words ? [Math.max(0, instructions - walk.assembly) / words] : [];
    }),
    0.5,
  );

function fitAll(rows: readonly Row[]): Fitted {
  const word = wordOf(rows);
  const each: Record<string, Coefficients> = {};
  const groups = [...groupsOf(rows)].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  for (const [key, found] of groups) {
    const wider = widerOf(each, key);
    // Shapes that the wider group tells well need none of their own.
    if (!wider || found.some((row) => errorBy(wider, row) > TOLD)) each[key] = fit(found, word, wider);
  }
  return { each, word };
}

/** An error of a wider group's coefficients that is not worth those of a narrower one. */
const TOLD = 0.03;

const errorBy = (each: Coefficients, { walk, instructions }: Row): number => {
  const parts = [...walk.parts].reduce((n, [key, runs]) => n + (each[key] ?? 0) * runs.usual, 0);
  return Math.abs((walk.assembly + (each.one ?? 0) + parts) / instructions - 1);
};

/** The coefficients of the next wider group of shapes. */
function widerOf(each: Readonly<Record<string, Coefficients>>, key: string): Coefficients | null {
  for (let at = key.lastIndexOf(':'); at > 0; at = key.lastIndexOf(':', at - 1)) {
    const found = each[key.slice(0, at)];
    if (found) return found;
  }
  return null;
}

interface Off {
  readonly row: Row;
  readonly error: number;
}

const offOf = ({ each, word }: Fitted, row: Row): Off => ({
  row,
  error: Math.abs(executedOf(row.walk, row.tags, (tag) => each[tag] ?? null, word).usual / row.instructions - 1),
});

function heldOut(rows: readonly Row[]): Off[] {
  return Array.from({ length: FOLDS }, (_, fold) => fold).flatMap((fold) => {
    const fitted = fitAll(rows.filter((_, i) => i % FOLDS !== fold));
    return rows.filter((_, i) => i % FOLDS === fold).map((row) => offOf(fitted, row));
  });
}

const short = (x: number) => Number(x.toPrecision(3));

function errorsOf(found: readonly Off[]): string {
  const all = found.filter((f) => f.row.instructions >= LEAST_TOLD).map((f) => f.error);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return `{ mean: ${short(mean)}, median: ${short(quantile(all, 0.5))}, p90: ${short(quantile(all, 0.9))}, worst: ${short(Math.max(...all))}, count: ${all.length} }`;
}

/** Errors by what `keyOf` tells of a row. */
function print(found: readonly Off[], keyOf: (row: Row) => string): void {
  for (const key of new Set(found.map((f) => keyOf(f.row)))) {
    const own = found.filter((f) => keyOf(f.row) === key);
    if (own.some((f) => f.row.instructions >= LEAST_TOLD)) console.error('   ', key, errorsOf(own));
  }
}

/** How strongly the bytes for each word of a function are held to those of any. */
const HELD_WORDS = 0.3;

type CodeFit = Omit<FittedCode, 'heldOut' | 'stack'>;

/** Bytes of whole code files beside their assembly, by words of C, of any function first and then of each, and the number of calls. */
function fitCode(rows: readonly CodeFeatures[], bytes: readonly number[]): CodeFit {
  const all = (r: CodeFeatures) => [...r.words.values()].reduce((a, b) => a + b, 0);
  const rest = rows.map((r, i) => Math.max(0, bytes[i] - r.assembly));
  const [word, call, fixed] = nnls(
    rows.map((r, i) => [all(r), r.calls, 1].map((v) => v / bytes[i])),
    rest.map((v, i) => v / bytes[i]),
  );
  const bases = [...new Set(rows.flatMap((r) => [...r.words.keys()]))].sort();
  const matrix = rows.map((r, i) => bases.map((b) => (r.words.get(b) ?? 0) / bytes[i]));
  const target = rows.map((r, i) => Math.max(0, rest[i] - call * r.calls - fixed) / bytes[i]);
  bases.forEach((_, j) => {
    const length = Math.sqrt(HELD_WORDS * matrix.slice(0, rows.length).reduce((n, row) => Math.max(n, row[j] * row[j]), 0));
    matrix.push(bases.map((_, k) => (k === j ? length : 0)));
    target.push(length * word);
  });
  const each = nnls(matrix, target, 1e-9);
  return {
    word: short(word),
    call: short(call),
    fixed: short(fixed),
    words: Object.fromEntries(bases.map((b, i) => [b, short(each[i])])),
  };
}

function codeOf(variant: Variant, counted: readonly CountedNetwork[]): string {
  const featuresOf = ({ graph, trade }: GeneratedCase) => codeFeatures(generated(onChip(graph), { variant, trade })!, variant);
  const rows = cases.map(featuresOf);
  const bytes = counted.map((n) => n.code);
  const off = (fitted: CodeFit, row: CodeFeatures, real: number) => Math.abs(bytesOfCode(row, fitted) / real - 1);
  const left = rows.map((row, i) => {
    const others = fitCode(
      rows.filter((_, k) => k % FOLDS !== i % FOLDS),
      bytes.filter((_, k) => k % FOLDS !== i % FOLDS),
    );
    return off(others, row, bytes[i]);
  });
  const fitted = fitCode(rows, bytes);
  const mean = left.reduce((a, b) => a + b, 0) / left.length;
  const heldOut = `{ mean: ${short(mean)}, median: ${short(quantile(left, 0.5))}, p90: ${short(quantile(left, 0.9))}, count: ${left.length} }`;
  console.error('  code left out', heldOut);
  const words = Object.entries(fitted.words).map(([base, each]) => `${base}: ${each}`);
  const stack = stackOf(variant);
  return `  ${variant}: {
    heldOut: ${heldOut},
    stack: { usual: ${stack.usual}, recurrent: ${stack.recurrent}, other: ${stack.other} }, word: ${fitted.word}, call: ${fitted.call}, fixed: ${fitted.fixed},
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
  words.push(`  ${variant}: ${short(fitted.word)},`);
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
