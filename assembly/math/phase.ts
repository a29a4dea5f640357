// Which places of the input meet which taps of a strided window, along one dimension: input place i and output place o meet at tap k
// where i + pad = o * s + k * d. All i with the same (i + pad) mod s, one phase, meet the same taps.

// @ts-ignore: decorator
@inline
export function gcd(a: i32, b: i32): i32 {
  while (b) {
    const t = a % b;
    a = b;
    b = t;
  }
  return a;
}

/** Rows of zeros before the first output row that the gradient of a kernel of k taps reaches. */
// @ts-ignore: decorator
@inline
export function rows_before(k: i32, s: i32, pad: i32, d: i32): i32 {
  return max(0, ((k - 1) * d - pad + s - 1) / s);
}

/** And after the last of `out` rows, for `n` input rows. */
// @ts-ignore: decorator
@inline
export function rows_after(n: i32, out: i32, s: i32, pad: i32): i32 {
  return max(0, (n - 1 + pad) / s - (out - 1));
}

/** The first tap of phase r: k * d = r (mod s); -1 if none. The others follow every s / gcd(s, d) taps. */
export function first_tap(r: i32, k: i32, s: i32, d: i32): i32 {
  for (let i = 0; i < min(k, s); i++) if ((i * d) % s == r) return i;
  return -1;
}

/** The first input row of phase r. */
// @ts-ignore: decorator
@inline
export function phase_start(r: i32, s: i32, pad: i32): i32 {
  return (r - (pad % s) + s) % s;
}

/** How many of n input rows the phase has. */
// @ts-ignore: decorator
@inline
export function phase_count(start: i32, n: i32, s: i32): i32 {
  return (n - start + s - 1) / s;
}
