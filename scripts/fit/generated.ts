/** Fits what parts of the C that Thumbnet writes execute. */
import { asEmitted } from '../../src/c/layers.ts';
import type { Variant } from '../../src/c/parts.ts';
import type { Coefficients } from '../../src/mcu/coefficients.ts';
import { generated } from '../../src/mcu/generated.ts';
import { executedOf, type LayerWalk, tagsOf } from '../../src/mcu/generated_features.ts';
import { onChip } from '../../src/mcu/graph_cost.ts';
import { inLongLoop } from '../../src/mcu/walk/compiled.ts';
import type { CountedNetwork, GeneratedCase } from '../count/generated_cases.ts';
import { nnls } from '../nnls.ts';
import { quantile } from './instructions.ts';

/** Of four rows one is left out at a time. */
export const FOLDS = 4;
/** A shape that was counted fewer times is taken with others of its kernel. */
const LEAST = 4;

export interface Row {
  readonly kernel: string;
  readonly tags: readonly string[];
  readonly walk: LayerWalk;
  readonly instructions: number;
}

export function rowsOf(variant: Variant, from: readonly GeneratedCase[], counted: readonly CountedNetwork[]): Row[] {
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

/** How strongly coefficients are held to what is known of them, beside rows: of a kernel, of its shapes. */
const HELD = { kernel: 0.02, shape: 0.5 };

/** Layers of so many instructions count in full, smaller ones less. */
const FULL = 2000;

const weightOf = ({ instructions }: Row): number => Math.sqrt(Math.min(1, instructions / FULL));

/**
 * Relative errors count; assembly is known. Coefficients are held to those of a wider group, and those of a kernel to the length of its
 * texts, so that few rows do not make them wild.
 */
function fit(rows: readonly Row[], word: number, wider: Coefficients | null): Coefficients {
  const held = wider ? HELD.shape : HELD.kernel;
  const words = new Map<string, number>();
  for (const { walk } of rows) for (const [key, runs] of walk.parts) if (runs.usual) words.set(key, runs.words);
  const names = [...words.keys()].sort();
  const matrix = rows.map((r) =>
    [1, ...names.map((n) => r.walk.parts.get(n)?.usual ?? 0)].map((v) => (weightOf(r) * v) / r.instructions),
  );
  const target = rows.map((r) => weightOf(r) * Math.max(0, 1 - r.walk.assembly / r.instructions));
  const start = ['one', ...names].map((name, j) => {
    const length = Math.sqrt((held * matrix.slice(0, rows.length).reduce((n, row) => n + row[j] * row[j], 0)) / rows.length);
    const known = wider?.[name] ?? wider?.[inLongLoop(name)] ?? (name === 'one' ? 0 : word * words.get(name)!);
    matrix.push(Array.from({ length: names.length + 1 }, (_, k) => (k === j ? length : 0)));
    target.push(length * known);
    return known;
  });
  const solved = nnls(matrix, target, 1e-9, start);
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

export interface Fitted {
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

export function fitAll(rows: readonly Row[]): Fitted {
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

export interface Off {
  readonly row: Row;
  readonly error: number;
}

export const offOf = ({ each, word }: Fitted, row: Row): Off => ({
  row,
  error: Math.abs(executedOf(row.walk, row.tags, (tag) => each[tag] ?? null, word).usual / row.instructions - 1),
});

export function heldOut(rows: readonly Row[]): Off[] {
  return Array.from({ length: FOLDS }, (_, fold) => fold).flatMap((fold) => {
    const fitted = fitAll(rows.filter((_, i) => i % FOLDS !== fold));
    return rows.filter((_, i) => i % FOLDS === fold).map((row) => offOf(fitted, row));
  });
}
