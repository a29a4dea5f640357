import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AblateHost, ARMS, ablate, WEAKER_FIRST } from '../../src/ablate/index.ts';
import { against, drawn } from '../../src/ablate/wins.ts';
import { takeEvenly } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/index.ts';
import { loadModel } from '../../src/model.ts';
import { inProcess } from '../cli/in_process.ts';
import { inFolder, model as modelFile, trainFile } from '../cli/sample.ts';
import { broken } from '../json_schema.ts';
import { sampleHistory } from '../report/sample.ts';

const data = gestures();
const few = {
  ...data,
  train: takeEvenly(data.train!, 120),
  validation: takeEvenly(data.validation!, 60),
  test: takeEvenly(data.test!, 60),
};
const job = { model: await loadModel(readFileSync(modelFile)), data: few, options: { target: 'stm32l476rg', maxDrop: 0.1 } };

function inMemory(): AblateHost['kept'] & { readonly files: Map<string, string> } {
  const files = new Map<string, string>();
  return {
    files,
    read: async (name) => (files.has(name) ? Buffer.from(files.get(name)!, 'latin1') : null),
    write: async (name, content) => void files.set(name, Buffer.from(content).toString('latin1')),
  };
}

test('methods alone, pairs, all orders, a greedy loop and two searches', () => {
  const names = Object.keys(ARMS);
  assert.is(names.length, 3 + 6 + 6 + 3);
  for (const name of ['P', 'Q-P', 'P-Q-KD', 'KD-Q-P', 'greedy', 'random', 'adaptive']) assert.ok(names.includes(name), name);
});

test('every arm has its samples; the weaker method first is one of the orders; what is kept is not run again', async () => {
  const arms = Object.keys(ARMS).filter((name) => name.split('-').length !== 2 && !['random', 'greedy'].includes(name));
  const kept = inMemory();
  const found = await ablate(job, { arms, samples: 200, seeds: 1 }, { kept });
  assert.is([...kept.files.keys()].filter((name) => name.endsWith('.json')).length, arms.length);
  for (const { arm, runs } of found.arms) {
    assert.is(runs.length, 1);
    if (arm !== 'adaptive') assert.ok(Math.abs(runs[0].samples - 200) <= 140, `${arm}: ${runs[0].samples}`);
  }
  const of = (arm: string) => found.arms.find((a) => a.arm === arm)!;
  const { order, ...figures } = of(WEAKER_FIRST).runs[0];
  assert.equal(figures, of(order!).runs[0]);
  assert.ok(of('P').runs[0].figures.weightBytes < of('Q').runs[0].figures.weightBytes);
  assert.ok(of('adaptive').adaptive === null && of('P-Q-KD').adaptive !== null && of('P-Q-KD').source !== undefined);
  const before = [...kept.files.values()];
  assert.equal(await ablate(job, { arms, samples: 200, seeds: 1 }, { kept }), found);
  assert.equal([...kept.files.values()], before);
});

test('an arm wins where it costs less or answers better over seeds and examples, and is not worse in the other', () => {
  const scores = Array.from({ length: 200 }, (_, i): number => (i % 10 ? 1 : 0));
  const run = (cost: number, wrong = 0) => {
    const own = scores.map((s, i): number => (i % 10 === 1 && i < 10 * wrong ? 0 : s));
    return { cost, scores: own, score: own.reduce((a, b) => a + b, 0) / own.length };
  };
  const draws = (...runs: ReturnType<typeof run>[]) => drawn(runs, 0);
  const own = draws(run(0.3), run(0.32), run(0.31));
  const { verdict, cost } = against(own, draws(run(0.5), run(0.45), run(0.52)));
  assert.is(verdict, 'wins');
  assert.ok(Math.abs(cost.difference - (0.31 - 0.49)) < 1e-12 && cost.low < cost.difference && cost.difference < cost.high);
  assert.is(against(own, draws(run(0.29), run(0.33), run(0.32))).verdict, 'no difference');
  // As small, and 12 of 200 examples less are right.
  const worse = draws(run(0.3, 12), run(0.32, 12), run(0.31, 12));
  assert.is(against(own, worse).verdict, 'wins');
  assert.is(against(worse, own).verdict, 'loses');
  assert.is(against(worse, draws(run(0.5), run(0.45), run(0.52))).verdict, 'trade');
});

test('the command: a folder with a page and JSON, which goes on; another job and other folders are refused', async () => {
  const folder = inFolder('ablation');
  const data = ['--data', trainFile, '--split', '0.1,0.1,0.8', '--target', 'stm32l476rg'];
  const command = ['ablate', modelFile, ...data, '--arms', 'Q,P-Q', '--seeds', '2', '--no-interactions', '--out', folder];
  const { code, out, err } = await inProcess(...command, '--samples', '300');
  assert.is(code, 0, err);
  assert.ok(
    out.split('\n').every((line) => !line.startsWith('│') || line.length <= 80),
    out,
  );
  const json = readFileSync(join(folder, 'ablation.json'), 'utf8');
  const page = readFileSync(join(folder, 'ablation.html'), 'utf8');
  const found = JSON.parse(json);
  assert.ok(found.version === 1 && found.kind === 'ablation' && found.arms.length === 2 && found.arms[1].runs.length === 2);
  const schema = new URL('../../docs/schemas/ablation.json', import.meta.url);
  assert.equal(broken(found, JSON.parse(readFileSync(schema, 'utf8'))), []);
  assert.ok(page.includes('P-Q') && !/NaN|undefined|<script/.test(page));
  const result = inFolder('ablation-result');
  const history = { ...sampleHistory(), title: found.model };
  mkdirSync(result);
  writeFileSync(join(result, 'history.json'), JSON.stringify(history));
  const elsewhere = await inProcess('report', result, '--ablation', folder);
  assert.ok(elsewhere.code === 2 && elsewhere.err.includes('the chip is stm32l476rg there'), elsewhere.err);
  assert.equal(readdirSync(result), ['history.json']);
  writeFileSync(join(result, 'history.json'), JSON.stringify({ ...history, target: { ...history.target, name: found.target } }));
  const brought = await inProcess('report', result, '--ablation', folder);
  assert.is(brought.code, 0, brought.err);
  const report = readFileSync(join(result, 'report.html'), 'utf8');
  assert.match(report, /<h2>What each method is worth<\/h2>[\s\S]*P-Q/);
  for (const table of parseHTML(report).document.querySelectorAll('table'))
    assert.ok(table.querySelector('caption')?.textContent);
  rmSync(join(result, 'report.html'));
  assert.is((await inProcess('report', result)).code, 0);
  assert.is(readFileSync(join(result, 'report.html'), 'utf8'), report);
  const not = await inProcess('report', result, '--ablation', join(result, 'history.json'));
  assert.ok(not.code === 2, not.err);
  assert.match(not.err, /history\.json": version must be 1, not 2\n {2}fix: give the ablation\.json/);
  rmSync(join(folder, 'ablation.json'));
  rmSync(join(folder, 'P-Q.1.json'));
  assert.is((await inProcess(...command, '--samples', '300', '--json')).code, 0);
  assert.is(readFileSync(join(folder, 'ablation.json'), 'utf8'), json);
  assert.is((await inProcess(...command, '--samples', '200')).code, 2);
  const onOther = (to: string) => [
    ...command.slice(0, -1),
    inFolder(to),
    '--samples',
    '300',
    '--target',
    'rp2040',
    '--seeds',
    '1',
  ];
  const reused = await inProcess(...onOther('ablation-reused'), '--reuse', folder);
  assert.is(reused.code, 0, reused.err);
  assert.is((await inProcess(...onOther('ablation-anew'))).code, 0);
  for (const name of ['Q.0.json', 'P-Q.0.json', 'ablation.json']) {
    const [again, anew] = ['ablation-reused', 'ablation-anew'].map((f) => readFileSync(join(inFolder(f), name), 'utf8'));
    assert.is(again, anew, name);
  }
  for (const [flags, said] of [
    [['--reuse', result], 'is no ablation'],
    [['--reuse', folder, '--max-drop', '3%'], 'another model, data, goal'],
    [['--reuse', folder, '--objective', 'flash=1'], 'the objective names flash'],
  ] as const) {
    const refused = await inProcess(...onOther('ablation-refused'), ...flags);
    assert.ok(refused.code === 2 && refused.err.includes(said) && !existsSync(inFolder('ablation-refused')), refused.err);
  }
  writeFileSync(join(folder, 'Q.0.json'), '{"seed":');
  const damaged = await inProcess(...command, '--samples', '300');
  assert.ok(damaged.code === 2 && damaged.err.includes('"Q.0.json" is damaged'), damaged.err);
  const none = await inProcess(...command.slice(0, -1), inFolder('ablation-none'), '--samples', '0');
  assert.ok(none.code === 2 && none.err.includes('--samples is 0') && !existsSync(inFolder('ablation-none')), none.err);
  const other = inFolder('ablation-other');
  mkdirSync(other);
  writeFileSync(join(other, 'notes.txt'), 'mine');
  assert.is((await inProcess(...command.slice(0, -1), other)).code, 2);
  const wrong = await inProcess('ablate', modelFile, ...data, '--arms', 'P-P');
  assert.ok(wrong.code === 2 && wrong.err.includes('"P-P" is none of'), wrong.err);
});

test.run();
