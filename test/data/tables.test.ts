/** Tables of text: what is a header, a label, a group, a number; and every error by its row. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTable } from '../../src/data/csv.ts';
import { loadDataset } from '../../src/data/index.ts';
import { fails } from './fails.ts';

const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const whole = { whole: true } as const;
const one = (s: string, name = 'd.csv') => ({ [name]: text(s) });

test('cells as RFC 4180 has them', () => {
  const t = readTable(text('a,"b ""x"", y","two\nlines"\r\n1,2,3\r\n\r\n4,5,"6"\r\n'), 'd.csv');
  assert.equal(t.header, ['a', 'b "x", y', 'two\nlines']);
  assert.is(t.rows, 2);
  assert.is(t.number(1, 2), 6);
  assert.is(t.line(0), 3);
  assert.is(t.line(1), 5);
  assert.equal(t.breaks, [1]);
});

test('delimiters, decimal commas, UTF-16, comments', async () => {
  for (const [name, s] of [
    ['d.csv', 'a;b;label\n1,5;2;x\n-0,25;4;y\n'],
    ['d.tsv', 'a\tb\tlabel\n1.5\t2\tx\n-0.25\t4\ty\n'],
    ['d.txt', '1.5 2  x\n-.25 4 y\n'],
    ['d.csv', '# a|b|label\n# more\n1.5|2|x\n-25e-2|4|y'],
  ]) {
    const d = await loadDataset(one(s, name), whole);
    assert.equal([...d.test!.inputs[0]], [1.5, 2, -0.25, 4], name);
    assert.equal(d.classNames, ['x', 'y'], name);
  }
  const utf16 = Uint8Array.from([
    0xff,
    0xfe,
    ...[...'a,b,label\n1,2,é\n'].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]),
  ]);
  assert.equal((await loadDataset({ 'd.csv': utf16 }, whole)).classNames, ['é']);
});

test('an index, numbered columns, a first line that is a comment', async () => {
  const body = ['7,0.5,1.5,a', '3,2.5,3.5,b', '4,4.5,5.5,a'];
  const without = body.map((row) => row.slice(2));
  for (const lines of [
    [',p,q,label', ...body],
    [',0,1,label', ...body],
    ['Unnamed: 0,p,q,label', ...body],
    ['0,1,label', ...without],
    ['1,2,y', ...without],
    ['# made by me, today', 'p,q,label', ...without],
    ['# made by me', '# today', ...['p,q,label', ...without].map((row) => row.replaceAll(',', ';'))],
  ]) {
    const d = await loadDataset(one(lines.join('\n')), whole);
    assert.equal([...d.test!.inputs[0]], [0.5, 1.5, 2.5, 3.5, 4.5, 5.5], lines[0]);
    assert.equal(d.classNames, ['a', 'b'], lines[0]);
    const isIndex = lines[1] === body[0];
    assert.is(
      d.notes.some((note) => note.startsWith('d.csv: not used, since it only numbers the rows: ')),
      isIndex,
      lines[0],
    );
  }
  // Rows of such numbers are data where no name says otherwise.
  const rows = await loadDataset(one('0,1,a\n1,0,b\n'), whole);
  assert.is(rows.test!.count, 2);
});

test('columns in another order are taken by their names; other names are said', async () => {
  const tables = { 'train.csv': text('a,b,class\n1,2,x\n3,4,y\n'), 'test.csv': text('b,class,a\n6,x,5\n8,y,7\n') };
  const d = await loadDataset(tables);
  assert.equal([...d.test!.inputs[0]], [5, 6, 7, 8]);
  assert.ok(d.notes.includes('columns in another order than in train.csv are taken by their names: test.csv'));
  const rows = await loadDataset({ 'one.csv': tables['train.csv'], 'two.csv': tables['test.csv'] }, whole);
  assert.equal([...rows.test!.inputs[0]], [1, 2, 3, 4, 5, 6, 7, 8]);
  const folders = { 'l/1.csv': text('a,b\n1,2\n3,4\n'), 'r/1.csv': text('b,a\n6,5\n8,7\n'), 'r/2.csv': text('c,d\n0,9\n0,9\n') };
  const windows = await loadDataset(folders, whole);
  assert.equal([...windows.test!.inputs[0]], [1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 0, 9]);
  assert.ok(windows.notes.includes('r/2.csv has the columns c, d, but l/1.csv a, b'));
});

test('labels from 1, a class that the train part lacks, rows with a time', async () => {
  const d = await loadDataset(one('time_us,a,y\n0,1,1\n10,2,2\n20,3,3\n'), whole);
  assert.ok(d.notes.includes('no example has the label 0: class numbers run from 0'));
  const said = 'd.csv: each row is an example, though "time_us" is there: where rows are samples in time, add --window';
  assert.ok(d.notes.includes(said), d.notes.join('\n'));
  const parts = { 'train.csv': text('a,class\n1,x\n2,y\n'), 'test.csv': text('a,class\n1,x\n2,z\n3,z\n') };
  assert.ok((await loadDataset(parts)).notes.includes('no examples of the class z in the train part'));
});

test('a time in microseconds tells the rate', async () => {
  const rows = Array.from({ length: 64 }, (_, i) => `${i * 10000},${i % 7},${i >> 5}`);
  const d = await loadDataset(one(['micros,a,b', ...rows].join('\n')), { ...whole, window: 32, labels: 'b', features: 'stats' });
  assert.is(d.frontEnd!.rate, 100);
});

test('labels: by name, stated, last; words, numbers, several columns', async () => {
  const d = await loadDataset(one('class,a,b\nup,1,2\ndown,3,4\nup,5,6\n'), whole);
  assert.equal([...d.test!.inputs[0]], [1, 2, 3, 4, 5, 6]);
  assert.equal([...d.test!.y!], [1, 0, 1]);
  assert.ok(d.notes.includes('classes: 0 down, 1 up'));
  const stated = await loadDataset(one('class,a,b\nup,1,2\ndown,3,4\n'), { ...whole, classes: ['up', 'down', 'left'] });
  assert.equal([...stated.test!.y!], [0, 1]);
  assert.is(stated.classes, 3);
  assert.ok(stated.notes.includes('no examples of the class left'));
  const last = await loadDataset(one('1,2,0\n3,4,1\n5,6,2\n'), whole);
  assert.equal([...last.test!.y!], [0, 1, 2]);
  assert.is(last.classNames, undefined);
  const several = await loadDataset(one('a,t1,t2\n1,0.5,2\n3,0.25,4\n'), { ...whole, labels: 't1,t2' });
  assert.equal([...several.test!.y!], [0.5, 2, 0.25, 4]);
  assert.equal(several.inputs[0].shape, [1]);
  const axes = await loadDataset(one('x,y,z,activity\n1,2,3,walk\n4,5,6,run\n'), whole);
  assert.equal([...axes.test!.inputs[0]], [1, 2, 3, 4, 5, 6]);
});

test('parts in files of their own share one table of classes', async () => {
  const d = await loadDataset({ 'train.csv': text('a,label\n1,b\n2,c\n'), 'test.csv': text('a,label\n3,a\n4,c\n') });
  assert.equal(d.classNames, ['a', 'b', 'c']);
  assert.equal([...d.test!.y!], [0, 2]);
});

test('a group stays in one part, and is named where it does not', async () => {
  const rows = Array.from({ length: 120 }, (_, i) => `${i},${i % 2 ? 'left' : 'right'},p${Math.floor(i / 10)}`);
  const d = await loadDataset(one(`v,label,subject\n${rows.join('\n')}\n`), { split: [0.5, 0.25, 0.25] });
  const persons = [d.train!, d.validation!, d.test!].map(({ inputs }) => new Set([...inputs[0]].map((v) => Math.floor(v / 10))));
  assert.is(
    persons.reduce((n, p) => n + p.size, 0),
    12,
  );
  assert.equal(
    persons.map((p) => p.size),
    [6, 3, 3],
  );
  const both = await loadDataset({
    'train.csv': text('v,label,user\n1,a,u\n2,b,v\n'),
    'test.csv': text('v,label,user\n1,a,v\n'),
  });
  assert.ok(both.notes.some((note) => /the group "v" is in train and in test: test\.csv row 2/.test(note)));
});

test('missing cells: an error, left out, or held', async () => {
  const s = 'a,b,label\n1,2,x\n3,,y\n5,6,x\nNA,8,y\n';
  await fails(one(s), 'bad-data', /d\.csv row 3, "b": the cell is missing/);
  const dropped = await loadDataset(one(s), { ...whole, missing: 'drop' });
  assert.equal([...dropped.test!.inputs[0]], [1, 2, 5, 6]);
  assert.ok(dropped.notes.some((n) => n === 'd.csv: 2 of 4 rows have a missing cell and are left out, the first is row 3'));
  assert.equal([...(await loadDataset(one(s), { ...whole, missing: 'hold' })).test!.inputs[0]], [1, 2, 3, 2, 5, 6, 5, 8]);
});

test('bad tables: one message each', async () => {
  await fails(one('a,b,label\n1,2,x\n3,4\n'), 'bad-file', /d\.csv row 3 has 2 cells, but the first row has 3/);
  await fails(one('a,b,label\n1,2,x\n3,1_0,y\n'), 'bad-data', /d\.csv row 3, "b": "1_0" is no number/);
  await fails(one('a,b,label\n1,2,x\n3,4,\n'), 'bad-data', /d\.csv row 3 has no label/);
  await fails(one('a,b,label\n1,2,"x\n3,4,y\n'), 'bad-file', /row 2: a quoted cell is not closed/);
  await fails(one('a,b,label\n'), 'bad-data', /d\.csv holds no rows|no number/);
  await fails(one('a,b,label\n1,2,x\n'), 'bad-option', /no column "klass"/, { labels: 'klass' });
  await fails(one('a,label\n1,upp\n2,down\n'), 'bad-data', /d\.csv row 2 has the label "upp"/, { classes: ['up', 'down'] });
  await fails({ 'd.csv': Uint8Array.of(65, 0, 66) }, 'bad-file', /no text/);
  const once = await loadDataset(one('a,label\n1,x\n2,x\n3,y\n'), whole);
  assert.ok(once.notes.includes('the label "y" occurs once: d.csv row 4'));
});

test('windows of a table with labels by row', async () => {
  const rows = [
    ...Array.from({ length: 10 }, (_, i) => `${i * 20},${i},${-i},still`),
    ...Array.from({ length: 7 }, (_, i) => `${200 + i * 20},${i},1,move`),
  ];
  const s = `time,ax,ay,label\n${rows.join('\n')}\n`;
  const d = await loadDataset(one(s), { ...whole, window: 4, stride: 2 });
  assert.equal(d.inputs[0].shape, [4, 2]);
  assert.equal([...d.test!.y!], [1, 1, 1, 1, 0, 0]);
  assert.equal([...d.test!.inputs[0].subarray(8, 16)], [2, -2, 3, -3, 4, -4, 5, -5]);
  assert.ok(
    d.notes.some((n) => /1 sample behind the last whole windows/.test(n)),
    d.notes.join(),
  );
  assert.equal((await loadDataset(one(s), { ...whole, window: '80ms' })).inputs[0].shape, [4, 2]);
  await fails(one(s.replace('220', '20')), 'bad-data', /row 13: time goes back/, { window: 4 });
});

test('recordings in files: classes by folder or name, lengths, channels, rates', async () => {
  const rec = (n: number, k: number, head = 'ax,ay') =>
    text(`${head}\n${Array.from({ length: n }, (_, i) => `${i + k},0`).join('\n')}\n`);
  const folders = { 'left/1.csv': rec(8, 0), 'left/2.csv': rec(8, 1), 'right/1.csv': rec(8, 2) };
  const d = await loadDataset(folders, whole);
  assert.equal(d.inputs[0].shape, [8, 2]);
  assert.equal(d.classNames, ['left', 'right']);
  assert.equal([...d.test!.y!], [0, 0, 1]);
  const flat = await loadDataset({ 'left_1.csv': rec(8, 0), 'left_2.csv': rec(8, 1), 'right.3.csv': rec(8, 2) }, whole);
  assert.equal(flat.classNames, ['left', 'right']);
  await fails({ ...folders, 'right/2.csv': rec(9, 0) }, 'shape-mismatch', /right\/2\.csv has 9 samples, but left\/1\.csv has 8/);
  await fails(
    { ...folders, 'right/2.csv': text('ax\n1\n2\n') },
    'shape-mismatch',
    /right\/2\.csv has 1 channel, but left\/1\.csv has 2/,
  );
  const cut = await loadDataset(
    { ...folders, 'right/2.csv': rec(19, 0), 'right/3.csv': rec(5, 0), 'right/4.csv': rec(3, 0) },
    { ...whole, window: 8 },
  );
  assert.is(cut.test!.count, 6);
  assert.ok(cut.notes.includes('zeros behind recordings shorter than 8 samples: right/3.csv'));
  assert.ok(cut.notes.includes('left out, shorter than half a window of 8 samples: right/4.csv'));
  const timed = (ms: number) => text(`timestamp,a\n${Array.from({ length: 8 }, (_, i) => `${i * ms},${i}`).join('\n')}\n`);
  await fails(
    { 'a/1.csv': timed(10), 'b/1.csv': timed(20) },
    'bad-data',
    /b\/1\.csv has 50 samples a second, but a\/1\.csv has 100/,
  );
  const one50 = await loadDataset({ 'a/1.csv': timed(10), 'b/1.csv': timed(20) }, { ...whole, rate: 50, window: 4 });
  assert.is(one50.test!.count, 3);
});

test.run();
