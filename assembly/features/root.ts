/** The largest number whose square is not above x < 2^62. */
export function root(x: u64): u64 {
  let r = u64(Math.sqrt(f64(x)));
  while (r * r > x) r--;
  while ((r + 1) * (r + 1) <= x) r++;
  return r;
}
