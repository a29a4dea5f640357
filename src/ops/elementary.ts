/** Elementary functions in float64 by additions, products, quotients and roots alone: every host gives the same bits. Relative error below 1e-12. */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

export function exp(x: number): number {
  if (x > 709) return Number.POSITIVE_INFINITY;
  if (x < -745) return 0;
  const n = Math.round(x / (LN2_HIGH + LN2_LOW));
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let sum = 1;
  for (let k = 16; k > 0; k--) sum = 1 + (r * sum) / k;
  // in two halves, since 2^n alone may be too large or small
  return sum * 2 ** Math.trunc(n / 2) * 2 ** (n - Math.trunc(n / 2));
}

/** exp(x) - 1 */
export function expm1(x: number): number {
  if (Math.abs(x) > 0.5) return exp(x) - 1;
  let sum = 1;
  for (let k = 16; k > 1; k--) sum = 1 + (x * sum) / k;
  return x * sum;
}

export const tanh = (x: number): number => {
  const e = expm1(-2 * Math.abs(x));
  return (Math.sign(x) * -e) / (e + 2);
};

const ROOT_PI = 1.7724538509055161;

/** The error function: its series within 3, its continued fraction beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a > 3) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
    return Math.sign(x) * (1 - exp(-a * a) / ROOT_PI / (a + fraction));
  }
  let [term, sum] = [x, x];
  for (let k = 1; k < 80; k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / ROOT_PI) * sum;
}
