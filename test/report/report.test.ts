import { parseHTML } from 'linkedom';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { bestSoFar, type History, parseHistory, writeReport } from '../../src/report/index.ts';
import { SCRIPT, SCRIPT_DIGEST } from '../../src/report/script.ts';
import { sampleHistory } from './sample.ts';

const history = sampleHistory();
const page = writeReport(history);

test('the page needs nothing but itself', () => {
  assert.not.match(page, /<link|@import|url\(|<iframe|<img|src=/i);
  assert.is(page.match(/<script/g)!.length, 1);
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
  assert.is(dirty.match(/<script/g)!.length, 1);
  assert.ok(dirty.includes(SCRIPT));
});

test('nothing but the page’s own script may run', async () => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(SCRIPT)));
  assert.is(SCRIPT_DIGEST, Buffer.from(digest).toString('base64'));
  assert.match(page, new RegExp(`script-src 'sha256-${SCRIPT_DIGEST.replace(/[+]/g, '\\+')}'`));
  const { trials, ...rest } = history;
  assert.not.match(writeReport({ ...rest, trials: [], chosen: null }), /<script/);
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
  assert.is(document.querySelectorAll('svg.picture').length, 4);
});

test('the summary has every figure and its ratio', () => {
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
    plain: null,
    layersBefore: [],
    layersAfter: [],
    recipe: { stages: [] },
    goal: { ...history.goal, reached: false, floor: null, budgets: {} },
    notes: [],
  });
  assert.match(bare, /Goal not reached/);
  assert.not.match(bare, /NaN|undefined|Infinity/);
});

test('one trial is enough for the pictures', () => {
  const [trial] = history.trials;
  const one = writeReport({ ...history, trials: [trial], chosen: { trial: 0, figures: trial.figures! } });
  assert.not.match(one, /NaN|undefined|Infinity/);
});

test('stages of one kind that follow each other are one step, with what differs in order', () => {
  const distill = (epochs: number) => ({ name: 'distill', parameters: { teacher: 'original', epochs } });
  const stages = [{ name: 'prune', parameters: {} }, distill(1), distill(1.5), { ...distill(2), parameters: { epochs: 2 } }];
  const { document } = parseHTML(writeReport({ ...history, recipe: { stages } }));
  const steps = [...document.querySelectorAll('.steps > li')];
  assert.equal(
    steps.map((s) => s.querySelector('h3')!.textContent),
    ['1. prune', '2–4. distill, 3 times'],
  );
  assert.equal(
    [...steps[1].querySelectorAll('dd')].map((d) => d.textContent),
    ['original → original → –', '1 → 1.5 → 2'],
  );
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
    goal: { ...sample.goal, floor: 1.25 },
    rows: sample.rows.map(turned),
    trials: sample.trials.map(turned),
    plain: turned(sample.plain!),
    chosen: turned(sample.chosen!),
  };
  const html = writeReport(history);
  assert.match(html, /<th scope="row">Root mean squared error \(RMSE\)<\/th>/);
  assert.match(html, /<b>1\.2\d+<\/b><span>Root mean squared error \(RMSE\), \d+(\.\d+)? % (more|less)<\/span>/);
  assert.not.match(html, /Accuracy|NaN|undefined|Infinity/);
  // Of two trials the one with the smaller error is higher.
  const dots = [...html.matchAll(/cy="([\d.]+)"[^>]*><title>trial (\d+):/g)].map(([, y, n]) => [Number(y), Number(n)]);
  const errorOf = (n: number) => history.trials[n].figures!.quality!;
  const [high, low] = [...dots].sort((a, b) => a[0] - b[0]).filter((_, i, all) => i === 0 || i === all.length - 1);
  assert.ok(dots.length > 10 && errorOf(high[1]) < errorOf(low[1]));
});

/** Centres of the marks of a class in one picture. */
function marks(html: string, picture: number, className: string): { x: number; y: number }[] {
  const { document } = parseHTML(html);
  const svg = document.querySelectorAll('svg.picture')[picture];
  return [...svg.querySelectorAll(`.${className} circle, .${className} path`)].map((dot) => {
    const [, x, y] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(dot.getAttribute('transform') ?? '') ?? [];
    return { x: Number(dot.getAttribute('cx') ?? x), y: Number(dot.getAttribute('cy') ?? y) };
  });
}

test('the best so far counts only trials that keep what is asked', () => {
  const trial = (number: number, objective: number | null, feasible: boolean) => ({ number, objective, feasible });
  const trials = [trial(0, 0.2, false), trial(1, 0.8, true), trial(2, 0.3, false), trial(3, null, false), trial(4, 0.7, true)];
  assert.equal(
    bestSoFar(trials).map((s) => [s.number, s.best]),
    [
      [1, 0.8],
      [2, 0.8],
      [3, 0.8],
      [4, 0.7],
    ],
  );
});

test('the goal is where the validation part has to keep it: between the trials that do and those that do not', () => {
  const line = lineOf(page);
  const kept = marks(page, 0, 'feasible').map((m) => m.y);
  assert.ok(kept.length > 10 && Math.max(...kept) <= line, `${Math.max(...kept)} > ${line}`);
  const higher = writeReport({ ...history, goal: { ...history.goal, floor: 0.87 } });
  assert.ok(Math.max(...marks(higher, 0, 'feasible').map((m) => m.y)) > lineOf(higher));
});

const lineOf = (html: string): number =>
  Number(parseHTML(html).document.querySelector('svg.picture .goal line, svg.picture line.goal')?.getAttribute('y1'));

test('a trial far below the others is a triangle at the foot, and not lost', () => {
  const measured = history.trials.filter((t) => t.figures).length;
  const shown = ['feasible', 'missed', 'clipped'].map((c) => marks(page, 0, c).length);
  assert.ok(shown[2] >= 1, 'nothing is clipped');
  assert.is(shown[0] + shown[1] + shown[2], measured);
  assert.match(page, /class="clipped"[\s\S]*?<title>trial 20:/);
});

test('the chosen trial is named, and marked at its own candidate', () => {
  assert.match(page, new RegExp(`result: trial ${history.chosen!.trial}<`));
  const spare = { ...history.chosen!.figures, flashBytes: history.chosen!.figures.flashBytes! + 20000 };
  const other = writeReport({ ...history, chosen: { trial: history.chosen!.trial, figures: spare } });
  assert.ok(marks(other, 0, 'chosen')[0].x > marks(page, 0, 'chosen')[0].x + 20);
});

test('budgets of the caller are in the header and the picture, a rejected quantization in the text', () => {
  const lead = parseHTML(page).document.querySelector('.lead')!.textContent!;
  assert.match(lead, /512 KiB flash.* Budget: 64 KiB flash\./);
  assert.match(page, />budget</);
  assert.match(page, /Plain int8 PTQ was rejected: it needs 111\.3 KiB of flash/);
  assert.not.match(writeReport({ ...history, plain: { ...history.plain!, misses: [] } }), /rejected/);
});

test('a job that failed has no result and no green savings', () => {
  const failed = writeReport({ ...history, goal: { ...history.goal, reached: false } });
  assert.match(failed, /<main class="failed-job">/);
  assert.match(failed, /\.failed-job \.less \{ color: inherit/);
  assert.match(failed, /nearest: trial \d/);
  assert.not.match(failed, /result: trial/);
  assert.not.match(page, /<main class="failed-job">/);
});

test('a broken history is refused, with its first wrong field', () => {
  const { seed: _, ...rest } = history;
  for (const text of ['{', '[]', JSON.stringify(rest)])
    assert.throws(
      () => parseHistory(text),
      (e: unknown) => e instanceof CompressError && e.code === 'bad-file',
    );
  assert.throws(() => parseHistory(JSON.stringify(rest)), /seed/);
});

test('a history that is no history is refused, with the field', () => {
  assert.throws(
    () => parseHistory(JSON.stringify({ ...history, trials: 3 })),
    (e: CompressError) => e.code === 'bad-file' && /^history.json: trials must be a list, not 3\n/.test(e.message),
  );
});

test.run();
