import type { CountedKernel } from '../ops/cost.ts';
import type { Cost } from '../ops/index.ts';
import type { CoreName } from '../targets/index.ts';
import { INSTRUCTIONS } from './instruction_data.ts';

/** Cores without counts of their own run the instructions of the nearest one. */
const COUNTED: Partial<Record<CoreName, string>> = { 'cortex-m0+': 'cortex-m0', 'cortex-m85': 'cortex-m55' };

export const countedCore = (core: CoreName): string => COUNTED[core] ?? core;

/** The key of the counts of a kernel, or of one of its branches. */
export const countKey = (name: string, form: CountedKernel['form'], path: string | null): string =>
  path === null ? `${name}_${form}` : `${name}_${form}/${path}`;

/** Instructions of one run of each part of a kernel. What was not counted is taken for the 8-bit form, then for the nearest path. */
export function coefficientsOf(core: CoreName, { name, form, paths }: CountedKernel): Readonly<Record<string, number>> {
  const kernels = INSTRUCTIONS[countedCore(core)];
  for (const path of paths.length ? paths : [null]) {
    const found = kernels[countKey(name, form, path)] ?? (form === 's16' ? kernels[countKey(name, 's8', path)] : undefined);
    if (found) return found;
  }
  throw new Error(`no instruction counts of ${name}_${form} (${paths.join(', ')}) on ${core}`);
}

/** Instructions that a node executes on a core. */
export function instructionsOf({ kernel, features }: Cost, core: CoreName): number {
  if (!kernel) return 0;
  return executedBy(coefficientsOf(core, kernel), features);
}

/** Instructions of parts of a kernel that run as often as `features` tells. */
export function executedBy(coefficients: Readonly<Record<string, number>>, features: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const name in coefficients) sum += coefficients[name] * (features[name] ?? 0);
  return sum;
}
