import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { erfc, exp, log, normalCdf, normalMass, normalQuantile } from '../../src/search/math.ts';

// Computed with mpmath 1.3.0 at 40 digits, rounded to double.
const REFERENCE: Record<string, [number, number][]> = {
  exp: [
    [-745.0, 5e-324], [-700.5, 5.980196118639791e-305], [-100.25, 2.897198083210148e-44], [-10.1, 4.1079555225300724e-05], [-1.0, 0.36787944117144233], [-0.3465, 0.7071588192872713], [-1e-09, 0.999999999], [0.0, 1.0], [0.001, 1.0010005001667084], [0.34657, 1.4142084849595797], [1.0, 2.718281828459045], [2.5, 12.182493960703473], [10.7, 44355.85513029784], [100.3, 3.628578599676532e+43], [500.1, 1.55120930000829e+217], [709.7, 1.6549840276802644e+308],
  ],
  log: [
    [5e-324, -744.4400719213812], [1e-310, -713.8013788281542], [1e-300, -690.7755278982137], [1e-05, -11.512925464970229], [0.1, -2.3025850929940455], [0.7071, -0.346583180371942], [0.70711, -0.3465690382006941], [0.99999999, -1.0000000100247594e-08], [1.0, 0.0], [1.0000001, 9.999999505838704e-08], [1.4142, 0.3465640001880033], [1.41422, 0.34657814235925116], [2.0, 0.6931471805599453], [3.7, 1.308332819650179], [100000.0, 11.512925464970229], [1.7e+308, 709.7268368932282],
  ],
  erfc: [
    [-6.0, 2.0], [-2.0, 1.9953222650189528], [-0.5, 1.5204998778130465], [-1e-08, 1.0000000112837917], [0.0, 1.0], [1e-08, 0.9999999887162083], [0.1, 0.887537083981715], [0.5, 0.4795001221869535], [1.0, 0.15729920705028513], [1.5, 0.033894853524689274], [2.0, 0.004677734981047266], [3.0, 2.209049699858544e-05], [5.0, 1.537459794428035e-12], [9.5, 3.7692144856548797e-41], [20.0, 5.395865611607901e-176], [26.0, 5.663192408856143e-296],
  ],
  normalQuantile: [
    [1e-300, -37.0470962993612], [1e-100, -21.273453560965326], [1e-20, -9.262340089798407], [1e-05, -4.264890793922825], [0.01, -2.326347874040841], [0.1, -1.2815515655446004], [0.25, -0.6744897501960817], [0.4999, -0.00025066283008800747], [0.5, 0.0], [0.75, 0.6744897501960817], [0.99, 2.3263478740408408], [0.999999, 4.753424308817087],
  ],
};
const FUNCTIONS: Record<string, (x: number) => number> = { exp, log, erfc, normalQuantile };

// exp and log are good to about 1 ulp; erfc carries the rounding of x^2 in exp(-x^2), the quantile that of the cdf (1e-15 near 0).
const TOLERANCE: Record<string, number> = { exp: 3e-16, log: 3e-16, erfc: 4e-14, normalQuantile: 1e-13 };

for (const [name, pairs] of Object.entries(REFERENCE)) {
  test(`${name} equals mpmath`, () => {
    for (const [x, expected] of pairs) {
      const got = FUNCTIONS[name](x);
      const error = Math.abs(got - expected);
      assert.ok(error <= TOLERANCE[name] * Math.abs(expected) || error <= (name === 'normalQuantile' ? 1e-15 : 5e-324), `${name}(${x}) = ${got}, expected ${expected}`);
    }
  });
}

test('outside their domain', () => {
  assert.is(exp(Number.NEGATIVE_INFINITY), 0);
  assert.is(exp(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  assert.ok(Number.isNaN(exp(Number.NaN)));
  assert.is(log(0), Number.NEGATIVE_INFINITY);
  assert.is(log(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  assert.ok(Number.isNaN(log(-1)));
  assert.is(erfc(40), 0);
  assert.is(erfc(-40), 2);
  assert.is(normalQuantile(0), Number.NEGATIVE_INFINITY);
  assert.ok(Number.isNaN(normalQuantile(1.5)));
});

test('the mass of an interval keeps its digits in both tails and when narrow', () => {
  const close = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-8, `${a} against ${b}`);
  close(normalMass(-1, 2), normalCdf(2) - normalCdf(-1));
  close(normalMass(9, 10), normalMass(-10, -9));
  close(normalMass(9, 10), 1.128512207423599e-19);
  close(normalMass(0.5, 0.5 + 2 ** -30), 2 ** -30 * 0.3520653267642995);
  close(normalMass(0.5, 0.5 + 2e-4), normalMass(0.5, 0.5 + 9e-5) + normalMass(0.5 + 9e-5, 0.5 + 2e-4));
});

test('no function of the host that may differ is used', async () => {
  const { readdirSync, readFileSync } = await import('node:fs');
  const folder = new URL('../../src/search/', import.meta.url);
  for (const name of readdirSync(folder)) {
    const found = readFileSync(new URL(name, folder), 'utf8').match(/Math\.(exp|log|pow|sin|cos|tan|cbrt|hypot|random)\w*\(/g);
    assert.is(found, null, `${name}: ${found}`);
  }
});

test.run();
