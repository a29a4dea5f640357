/**
 * Each method alone, pairs, orders and searches on one job, with the same number of training samples: what combining them is worth.
 * The test part is used once for each run, after the arm has handed back.
 */
import { type Found, figuresOf } from '../compress/figures.ts';
import { type CompressHost, checkCompress } from '../compress/index.ts';
import { costOf, foundIn, goalOf, standardOf } from '../compress/judge.ts';
import { partsOf } from '../compress/parts.ts';
import { CompressError } from '../errors.ts';
import { type Judgement, judge, qualityOf } from '../evaluate.ts';
import { exportTflite } from '../formats/tflite/export.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import { asStored } from '../model.ts';
import { runPipeline } from '../pipeline.ts';
import { quantize } from '../quant/index.ts';
import { countsExamples, qualityScale } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';
import { ARMS, type Job, type Run, SEARCHES } from './arms.ts';
import { judgedAgain, taskOf } from './attempts.ts';
import { METHODS, ORDERS } from './orders.ts';
import { type Ablation, type ArmResults, type ArmRun, type KeptRun, keptRunSchema, parseKept } from './schema.ts';
import { against, drawn } from './wins.ts';

export { ARMS, type Job, namesChip, WEIGHTS_AND_MACS } from './arms.ts';
export { type InteractionOptions, interactions, USUAL_INTERACTIONS } from './interactions.ts';
export { ablationPart, differenceText, heldText, ordersOf, spreadOf, verdictText, wordsOf, writeAblation } from './page.ts';
export { type Ablation, ablationSchema, type Interactions, interactionsSchema, parseKept } from './schema.ts';

/** Orders that were recommended, by the name of their arm. */
export const LITERATURE: Readonly<Record<string, string>> = { 'P-Q-KD': 'arXiv 2604.04988', 'P-KD-Q': 'arXiv 2511.19495' };
/** The third recommended order: the method that loses least alone comes first (March 2026). Which it is, the arms of one method say. */
export const WEAKER_FIRST = 'weaker first';

export interface AblateOptions {
  /** Names of `ARMS`; all by default. */
  readonly arms?: readonly string[];
  readonly samples: number;
  /** How many: 0, 1, .. */
  readonly seeds: number;
}

/** Files by name; null for one that is not there. */
export interface RunFiles {
  read(name: string): Promise<Uint8Array | null>;
  write(name: string, content: Uint8Array | string): Promise<void>;
}

export interface AblateHost {
  /** Finished runs as JSON, and the networks that they tried. */
  readonly kept: RunFiles;
  /** What was kept for another chip, of the same model, data and goal and an objective that names nothing of a chip. Searches run anew. */
  readonly reused?: Pick<RunFiles, 'read'>;
  readonly progress?: (done: number, total: number, what: string) => void;
  readonly signal?: AbortSignal;
  readonly pool?: CompressHost['pool'];
}

/** @throws CompressError what `compress` throws; `bad-option` for an arm that is not there */
export async function ablate(
  job: Job,
  options: AblateOptions,
  host: AblateHost,
): Promise<Omit<Ablation, 'model' | 'interactions'>> {
  const names = options.arms ?? Object.keys(ARMS);
  for (const name of names) if (!ARMS[name]) throw unknownArm(name);
  const rules = await rulesOf(job);
  const { samples } = options;
  const seeds = Array.from({ length: options.seeds }, (_, i) => i);
  const total = names.length * seeds.length * samples;
  const found = new Map<string, KeptRun[]>();
  let begun = 0;
  for (const seed of seeds) {
    for (const arm of names) {
      host.signal?.throwIfAborted();
      const what = `${arm}, seed ${seed}`;
      host.progress?.(begun, total, what);
      const log = (seen: number) => host.progress?.(begun + Math.round(Math.min(samples, seen)), total, what);
      const { signal, pool } = host;
      const run = { samples, seed, log, signal, pool };
      const kept = (await keptRun(host.kept, arm, seed)) ?? (await newRun(job, arm, run, host, rules));
      found.set(arm, [...(found.get(arm) ?? []), kept]);
      begun += samples;
    }
  }
  host.progress?.(total, total, 'done');
  const chosen = weakerFirst(found);
  if (chosen) found.set(WEAKER_FIRST, chosen);
  return { ...rules.head, samples, seeds, arms: compared(found, rules.shown) };
}

/** Of the samples of a search whose choice is checked by other folds: those trainings need the rest. */
const BEFORE_FOLDS = 1 / 4;

const fileOf = (arm: string, seed: number) => `${arm}.${seed}.json`;
const networkOf = (arm: string, seed: number, place: number) => `networks/${arm}.${seed}.${place}.tflite`;

async function keptRun(files: Pick<RunFiles, 'read'>, arm: string, seed: number): Promise<KeptRun | null> {
  const file = fileOf(arm, seed);
  const bytes = await files.read(file);
  return bytes && parseKept(keptRunSchema, new TextDecoder().decode(bytes), file);
}

async function newRun(
  job: Job,
  arm: string,
  run: Run,
  { kept, reused }: AblateHost,
  { judged, byFolds }: Awaited<ReturnType<typeof rulesOf>>,
): Promise<KeptRun> {
  const { seed } = run;
  const before = reused && (await triedBefore(reused, arm, seed));
  const share = byFolds && SEARCHES.includes(arm) ? BEFORE_FOLDS : 1;
  const handed = before
    ? await judgedAgain(before.tried, before.samples, job, run)
    : await ARMS[arm](job, { ...run, samples: Math.round(share * run.samples) });
  const tried = handed.tried ?? [];
  for (const [place, tflite] of tried.entries()) await kept.write(networkOf(arm, seed, place), tflite);
  const figures = judged(importTflite(handed.tflite), handed.found);
  const made = { seed, samples: Math.round(handed.samples), ...figures, networks: tried.length };
  await kept.write(fileOf(arm, seed), `${JSON.stringify(made)}\n`);
  return made;
}

/** The networks that an arm tried for another chip; null where it must run. */
async function triedBefore(files: Pick<RunFiles, 'read'>, arm: string, seed: number) {
  const run = await keptRun(files, arm, seed);
  if (!run?.networks) return null;
  const read = Array.from({ length: run.networks }, (_, place) => files.read(networkOf(arm, seed, place)));
  const tried = (await Promise.all(read)).filter((bytes) => bytes !== null);
  return tried.length === run.networks ? { samples: run.samples, tried } : null;
}

const unknownArm = (name: string) =>
  new CompressError('bad-option', `there is no arm "${name}"`, `choose of ${Object.keys(ARMS).join(', ')}`);

/** The order of three methods of which the one that lost least alone comes first; null where not all of them were run. */
function weakerFirst(found: ReadonlyMap<string, readonly KeptRun[]>): KeptRun[] | null {
  const three = Object.keys(ORDERS).filter((name) => ORDERS[name].length === METHODS.length);
  if (![...METHODS, ...three].every((name) => found.has(name))) return null;
  return found.get(METHODS[0])!.map((_, i) => {
    const scoreOf = (name: string) => found.get(name)![i].figures.score!;
    const order = [...METHODS].sort((a, b) => scoreOf(b) - scoreOf(a)).join('-');
    return { ...found.get(order)![i], order };
  });
}

/** Of shares that are added and taken away. */
const ROUNDING = 1e-9;

/** What all runs are judged by. */
async function rulesOf(job: Job) {
  const { model, data, options } = job;
  const { settings, target } = checkCompress(model, data, options);
  const heap = await Heap.open();
  const task = taskOf(heap, job);
  const on = (graph: Graph, part: 'validation' | 'test') => judge(heap, graph, data, part, task);
  const given = { validation: on(model.graph, 'validation'), test: on(model.graph, 'test') };
  const standards = {
    validation: standardOf(task, settings, qualityOf(given.validation.evaluation)),
    test: standardOf(task, settings, qualityOf(given.test.evaluation)),
  };
  const context = { heap, data: { ...data, test: null }, task, seed: 0, original: model };
  const plain = importTflite(exportTflite(asStored(await runPipeline(model, [quantize()], context))));
  const figuresIn = (graph: Graph) => figuresOf(graph, target, settings, foundIn(standards.validation, on(graph, 'validation')));
  const goal = goalOf(target, settings, figuresIn(plain), standards.validation);
  const scoresOf = ({ scores }: Judgement) => (countsExamples(task) ? Array.from(scores) : null);
  const judged = (graph: Graph, found?: Found) => {
    const figures = { ...figuresIn(graph), ...found };
    const tested = on(graph, 'test');
    const score = foundIn(standards.test, tested).score!;
    return { figures, test: qualityOf(tested.evaluation), cost: costOf(figures, goal), scores: scoresOf(tested), score };
  };
  const { asked } = standards.test;
  const { floor } = qualityScale(asked, standards.test.given);
  /** As an arm's results show it. */
  const shown = ({ scores: _scores, networks: _networks, score, ...run }: KeptRun) => ({
    ...run,
    held: score >= floor - ROUNDING,
  });
  return {
    judged,
    byFolds: partsOf(heap, model, data, task, 0).folds > 0,
    shown,
    head: {
      ...({ version: 1, kind: 'ablation', data: data.name, target: target.name, metric: task.metric } as const),
      examples: given.test.scores.length,
      plain: shown({ seed: 0, samples: 0, ...judged(plain) }),
      given: { validation: qualityOf(given.validation.evaluation), test: qualityOf(given.test.evaluation) },
    },
  };
}

function compared(found: ReadonlyMap<string, readonly KeptRun[]>, shown: (run: KeptRun) => ArmRun): ArmResults[] {
  const draws = new Map([...found].map(([arm, runs]) => [arm, drawn(runs, 0)]));
  const own = draws.get('adaptive');
  return [...found].map(([arm, runs]) => {
    const source = arm === WEAKER_FIRST ? 'March 2026' : LITERATURE[arm];
    return {
      arm,
      ...(source && { source }),
      runs: runs.map(shown),
      adaptive: own && arm !== 'adaptive' ? against(own, draws.get(arm)!) : null,
    };
  });
}
