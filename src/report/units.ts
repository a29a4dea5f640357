/** Numbers as people read them. A figure that is not known is a dash. */
export const UNKNOWN = '–';

const known = (n: number | null | undefined): n is number => typeof n === 'number' && Number.isFinite(n);

/** Three significant digits at most, thousands kept whole: 0.0213, 4.21, 56.3, 1234. */
export function digits(n: number): string {
  const size = Math.abs(n);
  if (size >= 100 || Number.isInteger(n)) return String(Math.round(n));
  return n.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4);
}

export function bytes(n: number | null | undefined): string {
  if (!known(n)) return UNKNOWN;
  if (n < 1024) return `${n} B`;
  return n < 1024 * 1024 ? `${digits(n / 1024)} KiB` : `${digits(n / 1048576)} MiB`;
}

export function count(n: number | null | undefined): string {
  if (!known(n)) return UNKNOWN;
  if (n < 1000) return String(n);
  return n < 1e6 ? `${digits(n / 1e3)} k` : `${digits(n / 1e6)} M`;
}

export const milliseconds = (n: number | null | undefined): string => (known(n) ? `${digits(n)} ms` : UNKNOWN);

export const microjoules = (n: number | null | undefined): string =>
  !known(n) ? UNKNOWN : n >= 1000 ? `${digits(n / 1000)} mJ` : `${digits(n)} µJ`;

export const percent = (n: number | null | undefined): string => (known(n) ? `${(100 * n).toFixed(2)} %` : UNKNOWN);

/** How many times smaller `now` is than `then`: "3.2 × less", "1.1 × more", "the same". */
export function ratio(then: number | null, now: number | null): string {
  if (!known(then) || !known(now) || then <= 0 || now <= 0) return UNKNOWN;
  const times = then / now;
  if (times >= 0.995 && times <= 1.005) return 'the same';
  return times > 1 ? `${digits(times)} × less` : `${digits(1 / times)} × more`;
}

/** Names in order; one that is repeated is said once: `2 × prune`, `quantize`. */
export const inTurns = (names: readonly string[]): string[] =>
  runsOf(names, (a, b) => a === b).map(({ length, 0: name }) => (length > 1 ? `${length} × ${name}` : name));

/** `2 × prune → quantize`, to be broken at arrows alone. */
export const turnsText = (names: readonly string[]): string =>
  inTurns(names)
    .map((turn) => turn.replaceAll(' ', '\u00a0'))
    .join(' → ');

/** Neighbours that are alike, together. */
export function runsOf<T>(list: readonly T[], alike: (a: T, b: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const item of list) {
    const last = runs.at(-1);
    if (last && alike(last[0], item)) last.push(item);
    else runs.push([item]);
  }
  return runs;
}

/** A difference of accuracies in percentage points, signed. */
export function points(then: number | null, now: number | null): string {
  if (!known(then) || !known(now)) return UNKNOWN;
  const p = 100 * (now - then);
  return `${p < 0 ? '−' : '+'}${Math.abs(p).toFixed(2)} points`;
}
