/**
 * Two compressions of the same model beside each other, at the same number of training samples: what a choice of the search is worth.
 *   node --import tsx bench/beside.ts FOLDER FOLDER      what `thumbnet compress` wrote, with and without `--no-qat`, say
 *
 * The longer study is cut off where it has trained on as many samples as the shorter one. Figures are those of the validation part, by which a
 * search chooses; the last line has the test part's of what each study chose in the end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures } from '../src/compress/index.ts';
import { factsOf } from '../src/compress/trial_facts.ts';
import { type History, parseHistory } from '../src/report/index.ts';
import type { TrialRecord } from '../src/search/record.ts';
import { FileStorage } from '../src/study/file.ts';
import { Replay } from '../src/study/replay.ts';
import { percent } from '../src/report/units.ts';
import { table } from './section.ts';

interface Study {
  readonly folder: string;
  readonly history: History;
  readonly trials: readonly TrialRecord[];
}

async function studyIn(folder: string): Promise<Study> {
  const replay = new Replay();
  for (const op of (await new FileStorage(join(folder, 'study.journal')).read()).ops) replay.apply(op);
  const history = parseHistory(readFileSync(join(folder, 'history.json'), 'utf8'));
  return { folder, history, trials: replay.find('compress')!.records };
}

/** Examples that a trial was trained on, each as often as it was seen; a trial that was given up ended after its first training. */
function samplesOf(trial: TrialRecord, train: number): number {
  const { state, stages } = factsOf(trial) ?? { state: 'failed', stages: [] };
  const trainings = stages.filter(({ epochs }) => epochs).map(({ epochs }) => Number(epochs) * train);
  if (state === 'rejected') return 0;
  return (state === 'stopped' ? trainings.slice(0, 1) : trainings).reduce((a, b) => a + b, 0);
}

/** The trials that fit into so many samples, and how many they took. */
function upTo({ trials, history }: Study, most: number): { trials: TrialRecord[]; samples: number } {
  let samples = 0;
  const within = trials.filter((t) => {
    samples += samplesOf(t, history.data.train);
    return samples <= most;
  });
  return { trials: within, samples: within.reduce((sum, t) => sum + samplesOf(t, history.data.train), 0) };
}

const KEYS = { flash: 'flashBytes', ram: 'ramBytes', latency: 'latencyMs', energy: 'energyUj' } as const;

/** The best that keeps the accuracy: what the search lowers is then what the candidate costs, without a penalty. */
function chosenOf({ history }: Study, trials: readonly TrialRecord[]): TrialRecord {
  const { objective } = history.goal;
  const plain = history.rows[1].figures;
  const total = Object.values(objective).reduce((x, y) => x + y, 0);
  const costOf = (f: Figures) =>
    Object.entries(KEYS).reduce((sum, [name, key]) => sum + (objective[name] * (f[key] ?? 0)) / (plain[key] || 1), 0) / total;
  const keeping = trials.filter((t) => {
    const facts = factsOf(t);
    return facts?.state === 'complete' && Math.abs(t.values![0] - costOf(facts.figures!)) < 1e-9;
  });
  return keeping.reduce((best, t) => (t.values![0] < best.values![0] ? t : best));
}

const [a, b] = await Promise.all(process.argv.slice(2).map(studyIn));
if (!a || !b) throw new Error('give two folders that compress wrote');
const most = Math.min(...[a, b].map((s) => upTo(s, Number.POSITIVE_INFINITY).samples));
const rows = [a, b].map((study) => {
  const { trials, samples } = upTo(study, most);
  const best = chosenOf(study, trials);
  const facts = factsOf(best)!;
  const f = facts.figures!;
  const stages = facts.stages.map((s) => [s.stage, s.qat].filter(Boolean).join(' '));
  return [
    study.history.command.split(' ').slice(-2).join(' '),
    trials.length,
    samples,
    `#${best.number}: ${stages.join(', ')}`,
    best.values![0].toFixed(4),
    f.flashBytes,
    f.weightBytes,
    f.latencyMs.toFixed(2),
    percent(f.accuracy),
  ];
});
const head = [
  'study',
  'trials',
  'samples trained',
  'best',
  'objective',
  'flash, bytes',
  'weights, bytes',
  'latency, ms',
  'validation',
];
console.log(table(head, rows));
for (const { history, folder } of [a, b]) {
  const [, plain, result] = history.rows;
  const ratio = (key: 'flashBytes' | 'weightBytes' | 'latencyMs') => (plain.figures[key]! / result.figures[key]!).toFixed(2);
  console.log(
    `${folder}: in the end trial ${history.chosen}, against plain int8 ${ratio('flashBytes')} x flash, ${ratio('weightBytes')} x weights, ` +
      `${ratio('latencyMs')} x latency; test ${percent(plain.figures.accuracy)} -> ${percent(result.figures.accuracy)}`,
  );
}
