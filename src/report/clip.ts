/** What a picture leaves out so that the rest can be told apart. */
export interface Clip {
  readonly domain: [number, number] | undefined;
  readonly isInside: (y: number) => boolean;
  /** Where a value outside is drawn: the end of the axis. */
  readonly edge: number;
}

const ALL: Clip = { domain: undefined, isInside: () => true, edge: 0 };

/**
 * Values far under the better half would flatten the picture: it begins above them.
 *
 * @param shown what must be inside in any case
 * @param most the largest value there can be
 */
export function clipLow(values: readonly number[], shown: readonly number[], most: number): Clip {
  const ys = [...values].sort((a, b) => a - b);
  if (!ys.length) return ALL;
  const top = Math.max(ys[ys.length - 1], ...shown);
  const reach = Math.max(0.015 * most, 2.5 * (top - quantile(ys, 0.5)));
  const low = Math.min(...shown, Math.max(ys[0], top - reach));
  const from = Math.max(0, low - 0.005 * most);
  return { domain: [from, Math.min(most, top + 0.005 * most)], isInside: (y) => y >= from, edge: from };
}

/** Errors far over the better half, likewise. */
export function clipHigh(values: readonly number[], shown: readonly number[]): Clip {
  const ys = [...values].sort((a, b) => a - b);
  if (!ys.length) return ALL;
  const least = Math.min(ys[0], ...shown);
  const reach = Math.max(0.2 * least, 2.5 * (quantile(ys, 0.5) - least));
  const most = Math.max(...shown, least, Math.min(ys[ys.length - 1], least + reach));
  return { domain: [0.98 * least, 1.02 * most], isInside: (y) => y <= 1.02 * most, edge: 1.02 * most };
}

/** The least value of `sorted` that so large a share does not exceed. */
export const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
