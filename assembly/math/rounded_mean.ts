/** sum / n, halves away from zero as CMSIS-NN's pools round: sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n, divisions toward zero. */
// @ts-ignore: decorator
@inline
export function roundedMean(sum: i32, n: i32): i32 {
  const half = n >> 1;
  return (sum > 0 ? sum + half : sum - half) / n;
}
