import { TARGETS, type Target } from '../targets/index.ts';
import type { LatencyError } from './cycles.ts';

/**
 * µA/MHz of inference as measured (MLPerf Tiny, energy over latency at the same supply), and as the vendor states: STM32L4R5ZI, STM32H7A3ZI,
 * STM32U575ZI, STM32U385RG, EFR32MG24.
 */
const BOTH = [
  [208.1, 112],
  [164.4, 117],
  [87.7, 19.5],
  [30.6, 10],
  [67.8, 33],
] as const;

/** Vendors' run currents are best cases: measured inference took 2.05 times as much in the median of the five parts that have both. */
export const VENDOR_FACTOR = 2.05;

/** Milliwatt for each MHz while a chip infers; null where its current is not known. */
const known = ({ microampPerMhz, power, supplyV }: Target): number | null =>
  microampPerMhz === null ? null : (microampPerMhz * (power === 'vendor' ? VENDOR_FACTOR : 1) * supplyV) / 1000;

/** Of chips whose current is not that of a whole board. */
const others = (core: Target['core'], but: string): number[] =>
  TARGETS.filter((t) => t.core === core && t.name !== but && t.power !== 'board').flatMap((t) => known(t) ?? []);

/** Of any core, where no chip of the core has a current. */
const like = (chip: Target): number[] => {
  const same = others(chip.core, chip.name);
  return same.length ? same : TARGETS.flatMap((t) => (t.name === chip.name || t.power === 'board' ? [] : (known(t) ?? [])));
};

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.round(q * (values.length - 1))];

/** Milliwatt for each MHz; of a chip without a current the median of those of its core. */
export const milliwattPerMhz = (chip: Target): number => known(chip) ?? quantile(like(chip), 0.5);

/** How far off the median of others is, of chips of the core whose current is known; null for fewer than three. */
export function guessError({ core }: Pick<Target, 'core'>): LatencyError | null {
  const errors = TARGETS.filter((t) => t.core === core && t.power !== 'board').flatMap((t) => {
    const own = known(t);
    const rest = others(core, t.name);
    return own === null || rest.length < 2 ? [] : [Math.abs(quantile(rest, 0.5) / own - 1)];
  });
  const mean = errors.reduce((a, b) => a + b, 0) / errors.length;
  return errors.length < 3 ? null : { mean, median: quantile(errors, 0.5), p90: quantile(errors, 0.9), count: errors.length };
}

/** How far off a vendor's current times the median of the other four parts is. */
export function vendorError(): { median: number; p90: number; count: number } {
  const factors = BOTH.map(([measured, stated]) => measured / stated);
  const errors = factors.map((own, i) => {
    const [, a, b] = factors.filter((_, k) => k !== i).sort((x, y) => x - y);
    return Math.abs((a + b) / 2 / own - 1);
  });
  return { median: quantile(errors, 0.5), p90: quantile(errors, 0.9), count: errors.length };
}
