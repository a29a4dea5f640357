/**
 * Two compressions of the same model beside each other, at the same number of training samples: what a choice of the search is worth.
 *   node --import tsx bench/beside.ts FOLDER FOLDER      what `thumbnet compress` wrote, with and without `--no-qat`, say
 *
 * The longer study is cut off where it has trained on as many samples as the shorter one. Figures are those of the validation part, by which a
 * search chooses; the last line has the test part's of what each study chose in the end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { factsOf } from '../src/compress/tree.ts';
import { type History, parseHistory } from '../src/report/index.ts';
import { percent } from '../src/report/units.ts';
import type { TrialRecord } from '../src/search/record.ts';
import { FileStorage } from '../src/study/file.ts';
import { Replay } from '../src/study/replay.ts';
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

const samplesOf = (trial: TrialRecord): number => factsOf(trial)?.samples ?? 0;

/** The trials that fit into `most` samples, and how many they took. */
function upTo({ trials }: Study, most: number): { trials: TrialRecord[]; samples: number } {
  let samples = 0;
  const within = trials.filter((t) => {
    samples += samplesOf(t);
    return samples <= most;
  });
  return { trials: within, samples: within.reduce((sum, t) => sum + samplesOf(t), 0) };
}

/** The best of them, as the search sees it. */
const chosenOf = (trials: readonly TrialRecord[]): TrialRecord =>
  trials.filter((t) => t.values).reduce((best, t) => (t.values![0] < best.values![0] ? t : best));

const [a, b] = await Promise.all(process.argv.slice(2).map(studyIn));
if (!a || !b) throw new Error('give two folders that compress wrote');
const most = Math.min(...[a, b].map((s) => upTo(s, Number.POSITIVE_INFINITY).samples));
const rows = [a, b].map((study) => {
  const { trials, samples } = upTo(study, most);
  const best = chosenOf(trials);
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
