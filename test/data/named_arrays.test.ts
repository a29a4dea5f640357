/** Arrays by the names that people give, without names, and labels that are words. */
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { fails } from './fails.ts';
import { counted, npz } from './sources.ts';

const whole = { whole: true } as const;

/** A .npy file of words, as numpy.save writes them: UCS-4 or bytes, filled up with zeros. */
function words(list: readonly string[], kind: 'U' | 'S'): Uint8Array {
  const width = Math.max(...list.map((w) => w.length));
  const header =
    `{'descr': '${kind === 'U' ? '<' : '|'}${kind}${width}', 'fortran_order': False, 'shape': (${list.length},), }`.padEnd(117);
  const head = [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, 118, 0, ...new TextEncoder().encode(`${header}\n`)];
  const cell = (word: string) =>
    Array.from({ length: width }, (_, i) => {
      const code = word.charCodeAt(i) || 0;
      return kind === 'U' ? [code & 255, code >> 8, 0, 0] : [code];
    }).flat();
  return Uint8Array.from([...head, ...list.flatMap(cell)]);
}

test('labels of an archive may be words', async () => {
  const { x } = counted(4, 2);
  for (const kind of ['U', 'S'] as const) {
    const files = { 'x.npy': Uint8Array.from(npyOf(x)), 'y.npy': words(['left', 'up', 'left', 'down'], kind) };
    const d = await loadDataset({ 'd.npz': zipSync(files) }, whole);
    assert.equal(d.classNames, ['down', 'left', 'up']);
    assert.equal([...d.test!.y!], [1, 2, 1, 0]);
  }
  await fails({ 'd.npz': zipSync({ 'x.npy': words(['a', 'b'], 'U') }) }, 'shape-mismatch', /x/);
  const short = words(['a', 'b'], 'U');
  await fails(
    { 'd.npz': zipSync({ 'x.npy': npyOf(x), 'y.npy': short.subarray(0, short.length - 1) }) },
    'bad-file',
    /d\.npz:y is damaged/,
  );
  await fails({ 'd.npz': zipSync({ 'x.npy': npyOf(x), 'y.npy': short }) }, 'bad-data', /labels have shape \[2\] but there are 4/);
});

/** The .npy file in an archive of one array [4, 2]. */
function npyOf(x: Float32Array): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }`.padEnd(117);
  const head = [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, 118, 0, ...new TextEncoder().encode(`${header}\n`)];
  return Uint8Array.from([...head, ...new Uint8Array(x.buffer)]);
}

test('trainX and trainy, Xtrain, four arrays without names', async () => {
  const [a, b] = [counted(6, 2), counted(3, 2)];
  for (const names of [
    ['trainX', 'trainy', 'testX', 'testy'],
    ['Xtrain', 'ytrain', 'Xtest', 'ytest'],
    ['arr_0', 'arr_1', 'arr_2', 'arr_3'],
  ]) {
    const [tx, ty, ex, ey] = names;
    const d = await loadDataset(
      { 'd.npz': npz({ [tx]: [a.x, [6, 2]], [ty]: [a.y, [6]], [ex]: [b.x, [3, 2]], [ey]: [b.y, [3]] }) },
      { split: [0.5, 0.5, 0] },
    );
    assert.is(d.test!.count, 3, names.join());
    assert.equal([...d.test!.y!], [0, 1, 2]);
  }
  const d = await loadDataset(
    { 'd.npz': npz({ arr_0: [a.x, [6, 2]], arr_1: [b.x, [3, 2]], arr_2: [a.y, [6]], arr_3: [b.y, [3]] }) },
    { split: [0.5, 0.5, 0] },
  );
  assert.is(d.test!.count, 3);
  assert.ok(
    d.notes.includes(
      'd.npz: arr_0 is taken for x_train, arr_2 is taken for y_train, arr_1 is taken for x_test, arr_3 is taken for y_test',
    ),
  );
});

test.run();
