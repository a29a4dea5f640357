import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conform } from '../../src/conform/index.ts';

const cases: Record<string, unknown>[] = JSON.parse(readFileSync(new URL('../vectors/small.json', import.meta.url), 'utf8'));

/** Every place in a JSON value, as a path of keys. */
function paths(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([k, v]) => paths(v, [...at, k]))];
}

function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string, unknown>)[key] = replaced((value as Record<string, unknown>)[key], rest, by);
  return copy;
}

const junk = fc.constantFrom<unknown>(
  undefined,
  null,
  -1,
  0,
  1,
  3.5,
  1e9,
  Number.NaN,
  '',
  'AA==',
  '!',
  [],
  {},
  [-1],
  [1, 2, 3],
  true,
);
const mutated = fc
  .nat({ max: cases.length - 1 })
  .chain((i) => fc.tuple(fc.constant(cases[i]), fc.constantFrom(...paths(cases[i]).filter((p) => p.length > 0)), junk))
  .map(([c, path, by]) => replaced(c, path, by));

test('a malformed case is reported, and never thrown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mutated, { minLength: 8, maxLength: 8 }), async (json) => {
      const { passed, failed, unsupported, failures } = await conform([{ name: 'mutated', json }]);
      assert.is(passed + failed + unsupported, json.length);
      for (const f of failures) assert.ok(f.name && f.actual !== '');
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('files that are nothing of the kind', async () => {
  for (const json of [null, 1, 'x', {}, { layers: 1 }, { cases: [] }]) {
    const { failed, failures } = await conform([{ name: 'x', json }]);
    assert.is(failed, 1);
    assert.is(failures[0].file, 'x');
  }
  assert.equal(await conform([]), { passed: 0, failed: 0, unsupported: 0, failures: [] });
});

test('an operator not known is unsupported, a missing field is named', async () => {
  const other = await conform([{ name: 'x', json: [{ name: 'a', op: 'convolve_s2' }] }]);
  assert.is(other.unsupported, 1);
  const pool = { name: 'a', op: 'avg_pool_s8', params: { output_shape: [1, 1, 1, 1] } };
  const input = { shape: [1, 1, 1, 1], dtype: 'int8', data: 'AA==' };
  const { failures } = await conform([{ name: 'x', json: [pool, { ...pool, input }] }]);
  assert.match(String(failures[0].actual), /^input is not a tensor/);
  assert.match(String(failures[1].actual), /^params\.filter is missing/);
});

/** The first case of a family, with one axis of some of its tensors made 0. */
function withoutPlaces(op: string, axes: Readonly<Record<string, number>>) {
  const golden = cases.find((c) => c.op === op)!;
  const empty = Object.entries(axes).map(([field, axis]) => {
    const tensor = golden[field] as { readonly shape: number[] };
    return [field, { ...tensor, shape: tensor.shape.with(axis, 0), data: '' }];
  });
  return { ...golden, ...Object.fromEntries(empty) };
}

test('layers of nothing are refused in words', async () => {
  const json = [
    withoutPlaces('convolve_s8', { input: 3, weights: 3 }),
    withoutPlaces('depthwise_conv_s8', { input: 1 }),
    withoutPlaces('fully_connected_s8', { input: 1, weights: 1 }),
    withoutPlaces('transpose_conv_s8', { input: 3, weights: 3 }),
    withoutPlaces('svdf_s8', { weights_time: 1, state: 2 }),
  ];
  const { failures } = await conform([{ name: 'x', json }]);
  assert.equal(
    failures.map((f) => f.actual),
    [
      'a convolution has 0 input channels',
      'a convolution has 0 input rows',
      'a dense layer has 0 features to read',
      'a transposed convolution has 0 input channels',
      'an SVDF has 0 time steps',
    ],
  );
});

test.run();
