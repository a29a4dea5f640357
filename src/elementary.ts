/**
 * exp, log, erfc, sine and cosine and the normal distribution from + - * / and sqrt alone. Those are exactly rounded everywhere, `Math.exp` and `Math.log`
 * are not: with them a study would suggest other values in another browser.
 */
const view = new DataView(new ArrayBuffer(8));

// ln 2 in two parts; the first has 32 zero bits at its end, so that k * LN2_HIGH is exact for every exponent k.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT_2PI = 2.5066282746310002;
export const LOG_SQRT_2PI = 0.9189385332046728;

/** 2^k for -1022 <= k <= 1023. */
function powerOfTwo(k: number): number {
  view.setUint32(0, (k + 1023) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}

const FACTORIAL_INVERSE = Array.from({ length: 14 }, (_, n) => {
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return 1 / product;
});

/** e^x, to about 1 ulp. Taylor series on |r| <= ln(2) / 2, where the first term left out is below 5e-18. */
export function exp(x: number): number {
  if (!(x > -746)) return x <= -746 ? 0 : Number.NaN;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  const k = Math.round(x / Math.LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = FACTORIAL_INVERSE[13];
  for (let n = 12; n >= 0; n--) sum = sum * r + FACTORIAL_INVERSE[n];
  if (k > 1000) return sum * powerOfTwo(1000) * powerOfTwo(k - 1000);
  if (k < -1000) return sum * powerOfTwo(k + 1000) * powerOfTwo(-1000);
  return sum * powerOfTwo(k);
}

/** 1/3, 1/5 ... 1/21 */
const ODD_INVERSE = Array.from({ length: 10 }, (_, i) => 1 / (2 * i + 3));

/** Natural logarithm, to about 1 ulp: x = m 2^e with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)). */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let e = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 2 ** 54;
    e = -54;
  }
  view.setFloat64(0, x);
  const high = view.getUint32(0);
  e += (high >>> 20) - 1023;
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = view.getFloat64(0);
  if (m >= 2 * Math.SQRT1_2) {
    m /= 2;
    e++;
  }
  const f = m - 1;
  const s = f / (m + 1);
  const z = s * s;
  let sum = 0;
  for (let i = ODD_INVERSE.length - 1; i >= 0; i--) sum = (sum + ODD_INVERSE[i]) * z;
  // log m = 2 s + 2 s sum, and 2 s = f - s f: f is exact, so nothing is lost near 1.
  return e * LN2_HIGH + (f - (s * f - 2 * s * sum - e * LN2_LOW));
}

// Chebyshev coefficients of (1 + 2x) e^(x^2) erfc(x) in t = (x - 3.75) / (x + 3.75), x >= 0: the form of Shepherd and Laframboise,
// "Chebyshev Approximation of (1 + 2x) exp(x^2) erfc x", 1981; coefficients computed at 50 digits for this file.
const ERFC = [
  1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753,
  0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-5, 4.13902798607301e-6,
  7.74038306619849e-7, -2.1886401049234397e-7, 1.076499946567091e-8, 4.521959811218287e-9, -7.754400208831351e-10,
  -6.318088340886684e-11, 2.86879501093067e-11, 1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14,
  3.3478119482868056e-14, -1.864562880419313e-15, -1.2507950530688648e-15, 7.418235256624044e-17, 5.068148904796111e-17,
];

/** erfc(x) = 1 - erf(x); relative error below 1e-14 for |x| < 10. */
export function erfc(x: number): number {
  const a = x < 0 ? -x : x;
  const t = (a - 3.75) / (a + 3.75);
  let b = 0;
  let c = 0;
  for (let i = ERFC.length - 1; i > 0; i--) {
    const next = 2 * t * b - c + ERFC[i];
    c = b;
    b = next;
  }
  const tail = a > 27.3 ? 0 : (exp(-a * a) * (t * b - c + ERFC[0])) / (1 + 2 * a);
  return x < 0 ? 2 - tail : tail;
}

/** Density of the standard normal distribution. */
export const normalPdf = (z: number): number => exp(-0.5 * z * z) / SQRT_2PI;

/** P(Z <= z). */
export const normalCdf = (z: number): number => 0.5 * erfc(-z * Math.SQRT1_2);

/** P(low < Z <= high), without cancellation in the upper tail or in a narrow interval. */
export function normalMass(low: number, high: number): number {
  const width = high - low;
  if (width < 1e-4) return width * normalPdf(low + width / 2);
  return low > 0 ? normalCdf(-low) - normalCdf(-high) : normalCdf(high) - normalCdf(low);
}

/** z with P(Z <= z) = p: Abramowitz and Stegun 26.2.23 (error 4.5e-4), then two steps of Halley's method. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * log(p));
  let z = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let i = 0; i < 2; i++) {
    const step = (normalCdf(z) - p) / normalPdf(z);
    z -= step / (1 + (z * step) / 2);
  }
  return z;
}

/** cos(pi t) for t in 0..1, by its series around 1/2: the host's own cosine differs from host to host. */
export function cosPi(t: number): number {
  const x = Math.PI * (t - 0.5);
  let term = -x;
  let sum = term;
  for (let k = 2; k < 24; k += 2) {
    term = (-term * x * x) / (k * (k + 1));
    sum += term;
  }
  return sum;
}

const TAU = 6.283185307179586;

/** The sine of an angle in turns (1 is the whole circle), to within 1e-9: Taylor's series to x^13 on a quarter turn. */
export function sinTurns(turns: number): number {
  let r = turns - Math.floor(turns + 0.5);
  if (r > 0.25) r = 0.5 - r;
  else if (r < -0.25) r = -0.5 - r;
  const x = r * TAU;
  const s = x * x;
  let sum = 1;
  for (let k = 12; k >= 2; k -= 2) sum = 1 - (s / (k * (k + 1))) * sum;
  return x * sum;
}

export const cosTurns = (turns: number): number => sinTurns(turns + 0.25);

/** The largest k with 2^k <= x, for normal positive x: the exponent of its IEEE 754 form. */
export function floorLog2(x: number): number {
  view.setFloat64(0, x);
  return ((view.getUint32(0) >>> 20) & 0x7ff) - 1023;
}
