/**
 * One run of the comparison, in a process of its own; the only place where the test part is used, once, after the arm has handed back.
 *   node --import tsx bench/experiments/one.ts JOB ARM SAMPLES SEED FILE
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Step, WEIGHTS_AND_MACS } from '../../src/ablate/arms.ts';
import { type Found, figuresOf } from '../../src/compress/figures.ts';
import type { Figures } from '../../src/compress/index.ts';
import { checkSettings } from '../../src/compress/options.ts';
import { findTask, judge } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { findTarget } from '../../src/mcu/index.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { ARMS } from './arms.ts';
import { JOBS, type Job } from './jobs.ts';

/** What a model needs and how well it answers, 0..1. */
export interface Judged extends Omit<Figures, 'accuracy'> {
  readonly validation: number;
  readonly test: number;
}

/** What is kept of a run. */
export interface Result {
  readonly job: string;
  readonly arm: string;
  /** Training samples: given, and used. */
  readonly samples: number;
  readonly used: number;
  readonly seed: number;
  /** Processor time of the arm. */
  readonly seconds: number;
  readonly goal: Job['goal'];
  readonly given: Judged;
  /** The model as given in int8. */
  readonly plain: Judged;
  readonly result: Judged;
}

async function judging(job: Job, seed: number): Promise<{ of: (graph: Graph, found?: Found) => Judged; plain: Graph }> {
  const heap = await Heap.open();
  const task = findTask(heap, job.model.graph, job.data);
  const target = findTarget(job.target);
  const settings = checkSettings({ target: job.target });
  const quality = (graph: Graph, part: 'validation' | 'test') => judge(heap, graph, job.data, part, task).evaluation.accuracy!;
  const context = { heap, data: { ...job.data, test: null }, task, seed, original: job.model };
  return {
    plain: asStored(await runPipeline(job.model, [quantize()], context)),
    of: (graph, found) => {
      const { accuracy: _none, ...figures } = figuresOf(graph, target, settings, null);
      return { ...figures, validation: found?.accuracy ?? quality(graph, 'validation'), test: quality(graph, 'test') };
    },
  };
}

async function one(name: string, arm: string, samples: number, seed: number, file: string): Promise<void> {
  const job = await JOBS[name](seed, dirname(file));
  const begun = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(begun);
    return Math.round((user + system) / 1e6);
  };
  const log = (seen: number, { figures, value, feasible }: Step) => {
    const what = figures && `${figures.weightBytes} B, ${figures.macs} MACs, ${(100 * figures.accuracy!).toFixed(2)} %`;
    console.error(`${seen.toFixed(0)} samples, ${seconds()} s: ${what}, value ${value?.toFixed(4)}${feasible ? ' holds' : ''}`);
  };
  const {
    tflite,
    samples: used,
    found,
  } = await ARMS[arm](
    { model: job.model, data: job.data, options: { target: job.target, ...job.goal, objective: WEIGHTS_AND_MACS } },
    { samples, seed, log },
  );
  const took = seconds();
  const { of, plain } = await judging(job, seed);
  const result: Result = {
    ...{ job: name, arm, samples, used: Math.round(used), seed, seconds: took, goal: job.goal },
    given: of(job.model.graph),
    plain: of(plain),
    result: of(importTflite(tflite), found),
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(result, null, 1)}\n`);
  renameSync(`${file}.new`, file);
}

if (process.argv[1]?.endsWith('one.ts')) {
  const [name, arm, samples, seed, file] = process.argv.slice(2);
  await one(name, arm, Number(samples), Number(seed), file);
}
