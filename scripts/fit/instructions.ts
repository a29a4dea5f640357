import { readFileSync } from 'node:fs';
import { countKey, executedBy } from '../../src/mcu/instructions.ts';
import type { CountedKernel } from '../../src/ops/cost.ts';
import type { CoreName } from '../../src/targets/index.ts';
import { KINDS } from '../../src/targets/kinds.ts';
import { type Case, GEOMETRY, ONE } from '../count/geometry.ts';
import { caseFeatures } from '../count_features.ts';
import { nnls } from '../nnls.ts';

export type Row = Record<string, string>;

/** Rows of a file of comma-separated values; cells may be quoted. */
export function readCsv(path: string): Row[] {
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/).map(cells);
  return lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i] ?? ''])));
}

function cells(line: string): string[] {
  const found: string[] = [];
  for (let at = 0; at <= line.length; at++) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(line.slice(at));
    const plain = quoted ? null : /^[^,]*/.exec(line.slice(at))!;
    found.push(quoted ? quoted[1].replace(/""/g, '"') : plain![0]);
    at += (quoted ?? plain)![0].length;
  }
  return found;
}

export interface Count {
  readonly core: string;
  readonly geometry: Case;
  readonly instructions: number;
}

/** scripts/data/instruction_counts.csv */
export function ownCounts(path: string): Count[] {
  return readCsv(path).flatMap((row) =>
    Object.keys(KINDS)
      .filter((core) => row[core])
      .map((core) => ({
        core,
        instructions: Number(row[core]),
        geometry: { ...Object.fromEntries(GEOMETRY.map((k) => [k, Number(row[k])])), kernel: row.kernel } as Case,
      })),
  );
}

/** data/measured/instructions.csv and instructions_resnet8.csv: square windows, padding on both sides. */
export function sharedCounts(path: string): Count[] {
  return readCsv(path)
    .filter((row) => row.optimization === '-O2')
    .map((row) => {
      const [h, w, c, oc, f, s, p] = ['input_h', 'input_w', 'input_c', 'output_c', 'filter', 'stride', 'pad'].map((k) =>
        Number(row[k]),
      );
      const out = (size: number) => (/^fully/.test(row.kernel) ? 1 : Math.floor((size + 2 * p - f) / s) + 1);
      const sizes = { ...ONE, h, w, c, oh: out(h), ow: out(w), oc, fh: f, fw: f, sh: s, sw: s, ph: p, pw: p };
      return { core: row.core, instructions: Number(row.instructions), geometry: { ...sizes, kernel: row.kernel } };
    });
}

export type Coefficients = Record<string, number>;

/** CMSIS-NN's names that say more or less than kernel and form. */
const RENAMED: Readonly<Record<string, string>> = { relu_q7: 'relu_s8', concatenation_s8_x: 'concatenation_s8' };

/** The kernel that a case counts, what it does, and the key of its counts. */
export function kernelOf(core: string, geometry: Case) {
  const { paths, features } = caseFeatures(geometry, KINDS[core as CoreName]);
  const told = RENAMED[geometry.kernel] ?? geometry.kernel;
  const at = told.lastIndexOf('_');
  const kernel: CountedKernel = { name: told.slice(0, at), form: told.slice(at + 1) as CountedKernel['form'], paths };
  return { kernel, features, key: countKey(kernel.name, kernel.form, paths[0] ?? null) };
}

const round = (x: number) => Number(x.toPrecision(4));

/** Non-negative least squares of relative errors. */
function fitKernel(counts: readonly Count[]): Coefficients {
  const features = counts.map((c) => kernelOf(c.core, c.geometry).features);
  const names = [...new Set(features.flatMap((f) => Object.keys(f)))];
  const rows = counts.map((c, i) => names.map((n) => (features[i][n] ?? 0) / c.instructions));
  const x = nnls(
    rows,
    counts.map(() => 1),
  );
  return Object.fromEntries(names.map((n, j) => [n, round(x[j])] as const).filter(([, v]) => v > 0));
}

/** Coefficients by core and kernel. */
export function fitInstructions(counts: readonly Count[]): Record<string, Record<string, Coefficients>> {
  const byCore: Record<string, Record<string, Coefficients>> = {};
  const groups = new Map<string, Count[]>();
  for (const c of counts) {
    const key = `${c.core} ${kernelOf(c.core, c.geometry).key}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key)!.push(c);
  }
  for (const [key, group] of groups) {
    const [core, kernel] = key.split(' ');
    if (/per_channel|as_convolution/.test(kernel)) continue;
    byCore[core] ??= {};
    byCore[core][kernel] = fitKernel(group);
  }
  addConverted(byCore['cortex-m55'], groups);
  byCore['cortex-m55'].softmax_s8 = byCore['cortex-m33'].softmax_s8; // GCC 12.2 cannot compile the MVE softmax
  return byCore;
}

/** Depthwise as convolution on MVE: the convolution, and the weights turned first. */
function addConverted(kernels: Record<string, Coefficients>, groups: ReadonlyMap<string, readonly Count[]>) {
  const ratios: number[] = [];
  for (const [key, group] of groups) {
    const [core, path] = key.split(' depthwise_conv_s8/as_convolution_');
    if (core !== 'cortex-m55' || !path) continue;
    for (const c of group) {
      const { features } = kernelOf(c.core, c.geometry);
      ratios.push((c.instructions - executedBy(kernels[`convolve_s8/${path}`], features)) / features.weights);
    }
  }
  const weights = round(Math.max(0, quantile(ratios, 0.5)));
  for (const path of ['gather', 'pointwise', 'row']) {
    kernels[`depthwise_conv_s8/as_convolution_${path}`] = { ...kernels[`convolve_s8/${path}`], weights };
  }
}

export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

/** Median and 90th percentile of the relative error, by core. */
export function instructionErrors(byCore: Record<string, Record<string, Coefficients>>, counts: readonly Count[]) {
  const errors = new Map<string, number[]>();
  for (const c of counts) {
    const { key, features } = kernelOf(c.core, c.geometry);
    const coefficients = byCore[c.core][key];
    if (!coefficients) continue;
    if (!errors.has(c.core)) errors.set(c.core, []);
    errors.get(c.core)!.push(Math.abs(executedBy(coefficients, features) / c.instructions - 1));
  }
  return Object.fromEntries(
    [...errors].map(([core, e]) => [
      core,
      {
        mean: round(e.reduce((a, b) => a + b, 0) / e.length),
        median: round(quantile(e, 0.5)),
        p90: round(quantile(e, 0.9)),
        count: e.length,
      },
    ]),
  );
}
