import { parseHTML } from 'linkedom';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { type History, parseHistory, writeReport } from '../../src/report/index.ts';
import { sampleHistory } from './sample.ts';

const history = sampleHistory();
const page = writeReport(history);

test('the page needs nothing but itself', () => {
  assert.not.match(page, /<script|<link|@import|url\(|<iframe|<img/i);
  assert.equal([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map((m) => m[1]).sort(), ['model.tflite', 'recipe.json']);
});

test('the same history gives the same bytes, also after a file', () => {
  assert.is(writeReport(history), page);
  assert.is(writeReport(parseHistory(JSON.stringify(history))), page);
});

test('text from outside is escaped', () => {
  const nasty = '<script>alert("1")</script>';
  const dirty = writeReport({
    ...history,
    title: nasty,
    command: nasty,
    notes: [nasty],
    files: { [nasty]: nasty },
    versions: { [nasty]: nasty },
    recipe: { stages: [{ name: nasty, parameters: { [nasty]: nasty, list: [nasty], table: { [nasty]: { deep: nasty } } } }] },
    trials: history.trials.map((t) => ({ ...t, stages: [nasty] })),
    layersBefore: history.layersBefore.map((l) => ({ ...l, name: nasty, op: nasty })),
    rows: history.rows.map((r) => ({ ...r, label: nasty })),
  });
  assert.not.match(dirty, /<script/);
});

test('the page can be read aloud', () => {
  const { document } = parseHTML(page);
  assert.is(document.documentElement.getAttribute('lang'), 'en');
  assert.match(document.title, /resnet8 <CIFAR-10>/);
  for (const table of document.querySelectorAll('table')) assert.ok(table.querySelector('caption')?.textContent);
  for (const picture of document.querySelectorAll('svg.picture')) {
    assert.is(picture.getAttribute('role'), 'img');
    assert.ok(picture.getAttribute('aria-label'));
  }
  assert.is(document.querySelectorAll('svg.picture').length, 3);
});

test('the summary tells every figure and its ratio', () => {
  const { document } = parseHTML(page);
  const rows = [...document.querySelector('table')!.querySelectorAll('tbody tr')].map((r) =>
    [...r.children].map((c) => c.textContent),
  );
  assert.equal(
    rows.map((r) => r[0]),
    ['Flash', 'RAM', 'Latency', 'Energy per inference', 'Multiply-accumulates', 'Weight bytes', 'Accuracy'],
  );
  for (const row of rows) assert.is(row.length, 6);
  assert.match(rows[0][4]!, /^\d[\d.]* × less$/);
  assert.match(rows[6][5]!, /^[+−][\d.]+ points$/);
});

test('a study without trials, figures or a recipe still gives a page', () => {
  const unknown = {
    flashBytes: null,
    ramBytes: null,
    latencyMs: null,
    energyUj: null,
    accuracy: null,
    macs: null,
    weightBytes: null,
  };
  const bare = writeReport({
    ...history,
    rows: [{ label: 'model', figures: unknown }],
    trials: [],
    chosen: null,
    layersBefore: [],
    layersAfter: [],
    recipe: { stages: [] },
    goal: { ...history.goal, reached: false, minAccuracy: null },
    notes: [],
  });
  assert.match(bare, /Goal not reached/);
  assert.not.match(bare, /NaN|undefined|Infinity/);
});

test('one trial is enough for the pictures', () => {
  const one = writeReport({ ...history, trials: [{ ...history.trials[0] }], chosen: 0 });
  assert.not.match(one, /NaN|undefined|Infinity/);
});

test('no sample leaves a hole in the page', () => assert.not.match(page, /NaN|undefined|Infinity/));

test('an error in place of accuracy: its name, its unit, lower is better', () => {
  const sample = sampleHistory();
  // Errors from 1.21 up, where accuracies lay below 0.879.
  const turned = <T extends { figures: History['rows'][number]['figures'] | null }>(row: T): T => ({
    ...row,
    figures: row.figures && {
      ...row.figures,
      accuracy: null,
      quality: row.figures.accuracy === null ? null : 2.089 - row.figures.accuracy,
    },
  });
  const history: History = {
    ...sample,
    metric: 'rmse',
    goal: { ...sample.goal, minAccuracy: 1.25 },
    rows: sample.rows.map(turned),
    trials: sample.trials.map(turned),
  };
  const html = writeReport(history);
  assert.match(html, /<th scope="row">Root mean squared error \(RMSE\)<\/th>/);
  assert.match(html, /<b>1\.2\d+<\/b><span>Root mean squared error \(RMSE\), \d+(\.\d+)? % (more|less)<\/span>/);
  assert.not.match(html, /Accuracy|NaN|undefined|Infinity/);
  // Of two trials the one with the smaller error stands higher.
  const dots = [...html.matchAll(/cy="([\d.]+)"[^>]*><title>trial (\d+):/g)].map(([, y, n]) => [Number(y), Number(n)]);
  const errorOf = (n: number) => history.trials[n].figures!.quality!;
  const [high, low] = [...dots].sort((a, b) => a[0] - b[0]).filter((_, i, all) => i === 0 || i === all.length - 1);
  assert.ok(dots.length > 10 && errorOf(high[1]) < errorOf(low[1]));
});

test('a broken history is told by its first wrong field', () => {
  const { seed: _, ...rest } = history;
  for (const text of ['{', '[]', JSON.stringify(rest)])
    assert.throws(
      () => parseHistory(text),
      (e: unknown) => e instanceof CompressError && e.code === 'bad-file',
    );
  assert.throws(() => parseHistory(JSON.stringify(rest)), /seed/);
});

test('a history that is no history is told by the field', () => {
  assert.throws(
    () => parseHistory(JSON.stringify({ ...history, trials: 3 })),
    (e: CompressError) => e.code === 'bad-file' && /^history.json: trials must be a list, not 3\n/.test(e.message),
  );
});

test.run();
