import type { Cost } from '../ops/index.ts';
import { INSTRUCTIONS } from './instruction_data.ts';
import type { CoreName } from './targets.ts';

/** Cores without counts of their own run the instructions of the nearest one. */
const COUNTED: Partial<Record<CoreName, string>> = { 'cortex-m0+': 'cortex-m0', 'cortex-m85': 'cortex-m55' };

/** Kernels without counts are taken for the nearest one. */
const NEAREST: readonly (readonly [RegExp, string])[] = [
  [/_s16/, '_s8'],
  [/\/plain_.*$/, '/plain'],
  [/\/.*$/, '/gather'],
];

export const countedCore = (core: CoreName): string => COUNTED[core] ?? core;

export function coefficientsOf(core: CoreName, kernel: string): Readonly<Record<string, number>> {
  const kernels = INSTRUCTIONS[countedCore(core)];
  if (kernels[kernel]) return kernels[kernel];
  for (const [from, to] of NEAREST) {
    const near = kernel.replace(from, to);
    if (kernels[near]) return kernels[near];
  }
  throw new Error(`no instruction counts of ${kernel} on ${core}`);
}

/** Instructions that a node executes on a core. */
export function instructionsOf(cost: Cost, core: CoreName): number {
  if (cost.kernel === 'none') return 0;
  const coefficients = coefficientsOf(core, cost.kernel);
  let sum = 0;
  for (const name in coefficients) sum += coefficients[name] * (cost.features[name] ?? 0);
  return sum;
}
