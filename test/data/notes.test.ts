/** What a reader decides, leaves out or cannot know: said in a note or asked for, never in silence. */
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DataOptions, type DataSource, loadDataset } from '../../src/data/index.ts';
import { fails } from './fails.ts';
import { png, wav } from './sources.ts';

const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const csv = (s: string) => ({ 'd.csv': text(s) });
const load = (source: DataSource, options: DataOptions = {}) => loadDataset(source, { whole: true, ...options });

async function notes(source: DataSource, wanted: readonly string[], options: DataOptions = {}): Promise<void> {
  const { notes } = await load(source, options);
  for (const note of wanted) assert.ok(notes.includes(note), `${note}\n${notes.join('\n')}`);
}

test('none and null are classes, an empty cell is not', async () => {
  const d = await load(csv('a,label\n1,none\n2,null\n3,-\n'));
  assert.equal(d.classNames, ['-', 'none', 'null']);
  await fails(csv('a,label\n1,none\n2,?\n'), 'bad-data', /row 3 has no label/);
});

test('a comma within quotes is no decimal point where commas stand between cells', async () => {
  await fails(csv('a,label\n1,x\n"1,000",y\n'), 'bad-data', /row 3, "a": "1,000" is no number/);
  assert.equal([...(await load(csv('a;label\n"1,5";x\n2;y\n'))).test!.inputs[0]], [1.5, 2]);
});

test('numbers beyond float32, and bytes that are no UTF-8', async () => {
  await fails(csv('a,label\n1,x\n1e39,y\n'), 'bad-data', /row 3, "a": 1e\+39 is more than float32 can hold/);
  await fails({ 'd.csv': Uint8Array.from([...text('a,label\n1,'), 0xfc, 10]) }, 'bad-file', /no text in UTF-8/);
});

test('what columns are taken for', async () => {
  await notes(csv('time,a,a,b,label\n1,2,3,,x\n#4,5,6,7,x\n8,9,9,,y\n'), [
    'd.csv: not used, since nothing is in it: "b"',
    'd.csv: 1 line taken for comments, the first is row 3',
    'd.csv: several columns are called "a"',
    'columns: label "label"; time, which is no value, "time"; values "a", "a"',
  ]);
  await notes(csv('subject,a,label\ns,2,x\n,5,x\n,5,y\n'), [
    'd.csv: 2 rows without "subject", the first is row 3: kept together as one group',
  ]);
  await fails(csv('label,a,target\n1,2,3\n4,5,6\n'), 'bad-option', /several columns that are named as labels: "label", "target"/);
  const stated = await load(csv('label,a,target\n1,2,3\n4,5,6\n'), { labels: 'target' });
  assert.equal(stated.inputs[0].shape, [2]);
});

test('y is an axis in class folders', async () => {
  const rows = text(`time,x,y\n${Array.from({ length: 8 }, (_, i) => `${i * 20},${i},${-i}`).join('\n')}\n`);
  const d = await load({ 'left/1.csv': rows, 'right/1.csv': rows });
  assert.equal(d.inputs[0].shape, [8, 2]);
  assert.equal(d.classNames, ['left', 'right']);
});

test('lists: a category is a class, a part must be one, a column that is not used is named', async () => {
  const files = { '1.png': png(2, 2, 1), '2.png': png(2, 2, 1), '3.png': png(2, 2, 1) };
  const list = { ...files, 'list.csv': text('file,category,weather\n1.png,cat,sun\n2.png,dog,rain\n3.png,dog,sun\n') };
  assert.equal((await load(list)).classNames, ['cat', 'dog']);
  await notes(list, ['list.csv: not used: weather']);
  await fails(
    { ...files, 'list.csv': text('file,label,part\n1.png,cat,train\n2.png,dog,trian\n') },
    'bad-data',
    /list\.csv row 3: "trian" is no part/,
  );
  await fails(list, 'bad-option', /list\.csv has no column "person"/, { group: 'person' });
  const persons = { ...files, 'list.csv': text('file,label,person\n1.png,cat,p\n2.png,dog,p\n3.png,dog,\n') };
  assert.equal([...(await load(persons)).test!.groups!], [0, 0, 1]);
});

test('a class without examples, and options that nothing needs', async () => {
  const sound = (n: number) => wav(new Int16Array(n).fill(9), 8000);
  const folders = { 'low/1.wav': sound(800), 'high/1.wav': sound(800), 'tiny/1.wav': sound(100) };
  await notes(folders, ['no examples of the class tiny'], { window: 800 });
  await notes(folders, ['not used, since dataset has nothing that needs it: --missing, --resize'], {
    window: 800,
    missing: 'drop',
    resize: 'crop:8x8',
  });
});

test('pictures: 16 bits, and turned by EXIF', async () => {
  const deep = new Uint8Array(encode({ width: 2, height: 2, depth: 16, channels: 1, data: Uint16Array.of(300, 0, 65535, 257) }));
  const doubled = new Uint8Array(encode({ width: 2, height: 2, depth: 16, channels: 1, data: new Uint16Array(4).fill(257) }));
  const { data } = jpeg.encode({ width: 2, height: 2, data: new Uint8Array(16) }, 90);
  const exif = (orientation: number) =>
    Uint8Array.from([
      ...[0xff, 0xd8, 0xff, 0xe1, 0, 34, ...text('Exif'), 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8],
      ...[0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0],
      ...data.subarray(2),
    ]);
  const pictures = { 'a/1.png': deep, 'a/2.png': doubled, 'b/1.jpg': exif(6), 'b/2.jpg': exif(1) };
  await notes(pictures, [
    'of 16 bits the upper 8 are used: a/1.png',
    'pictures are taken as they are stored, and not turned as their EXIF says: b/1.jpg',
  ]);
});

test('a part that nothing is left for', async () => {
  const { notes } = await loadDataset(csv('subject,a,label\np,1,x\nq,2,y\n'));
  const said =
    'd.csv has too few groups (recordings, persons), each of which stays in one part, for the parts validation and test';
  assert.ok(notes.includes(said), notes.join('\n'));
});

test('names for too few class numbers, and samples between windows', async () => {
  const numbered = csv('a,y\n1,0\n2,1\n3,2\n');
  await fails(numbered, 'bad-data', /d\.csv row 4 has the label 2, and --classes names 2 classes/, { classes: ['on', 'off'] });
  const rows = Array.from({ length: 20 }, (_, i) => `${i},${i < 10 ? 'p' : 'q'}`).join('\n');
  await notes(csv(`a,y\n${rows}\n`), ['of every 6 samples 2 between windows of 4 are not used'], { window: 4, stride: 6 });
});

test('classes that may be one, and files of other programs', async () => {
  await notes(csv('a,label\n1,on\n2,On \n3,off\n'), ['"On" and "on" are two classes: rename one if they mean the same']);
  await fails({ 'd.xlsx': text('PK') }, 'unsupported', /d\.xlsx is of no format that is read\n {2}fix: save the sheet as CSV/);
  await fails({ 'a/1.mp3': text('x'), 'b/1.mp3': text('x') }, 'unsupported', /fix: write sound as WAV/);
  await fails(csv('a,b,label\n'), 'bad-data', /d\.csv holds no rows behind its header/);
});

test('sound: channels, rests of files and of frames', async () => {
  const whole = wav(new Int16Array(1600).fill(9), 8000, 2);
  const cut = Uint8Array.from([...whole, 1, 2, 3]);
  new DataView(cut.buffer).setUint32(40, 3203, true);
  await notes(
    { 'a/1.wav': cut, 'b/1.wav': whole },
    [
      'a/1.wav: its last 3 bytes are no whole sample, and not used',
      'several channels, of which the mean is taken: a/1.wav, b/1.wav',
      'features: the last 100 samples of each example are in no whole frame, and not used',
    ],
    { features: 'spectrogram:frame=300,hop=200' },
  );
});

test('pictures: sizes, colour, transparency', async () => {
  const files = { 'a/1.png': png(4, 4, 3), 'a/2.png': png(2, 2, 1), 'b/1.png': png(2, 2, 4) };
  await notes(
    files,
    ['1 of 3 pictures resized (crop)', 'transparency is not used: b/1.png', '2 of 3 pictures have colour, and become grey'],
    { resize: 'crop:2x2', channels: 1 },
  );
});

test.run();
