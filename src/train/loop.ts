import { CompressError } from '../errors.ts';
import { type Context, pause } from '../stage.ts';
import type { Heap } from '../wasm/heap.ts';
import type { Average } from './average.ts';
import type { Losses } from './losses.ts';
import { type TrainingProgram, valuesOf } from './program.ts';
import type { Constants, Position } from './state.ts';
import type { Update } from './updates.ts';

/** A training that is ready to run: everything is compiled and placed. */
export interface Run {
  readonly heap: Heap;
  readonly program: TrainingProgram;
  /** Examples of the part that is trained on. */
  readonly count: number;
  readonly batch: number;
  /** The examples of a step. */
  readonly draw: (step: number) => Int32Array;
  /** Brings the batch of a step, its examples varied, and its targets to the heap. */
  readonly prepare: (indices: Int32Array, step: number) => void;
  readonly losses: Losses;
  readonly update: Update;
  /** The weights that count, where they are not the last step's. */
  readonly average: Average | null;
}

export interface TrainingPlan {
  /** Names the stream of random numbers, and the task in progress reports. */
  readonly purpose: string;
  /** May end within an epoch. */
  readonly epochs: number;
  readonly steps: number;
  /** Epochs without a better one before training ends; 0: all steps are taken. */
  readonly patience: number;
  /** How good weights are on the validation part, more is better; asked where there is patience. */
  readonly judge: (values: Constants) => number;
  /** Keeps the position for another process. */
  readonly save: () => Promise<void>;
}

/** The weights that a training would end with now. */
export const currentValues = ({ heap, program, average }: Run): Constants => valuesOf(heap, (average ?? program).constants);

const PAUSE_MS = 100;

/** Runs the steps that are left. */
export async function runSteps(run: Run, context: Context, plan: TrainingPlan, position: Position): Promise<void> {
  const perEpoch = Math.floor(run.count / run.batch);
  let pausedAt = performance.now();
  while (position.step < plan.steps && !isOver(position, plan)) {
    const place = position.step % perEpoch;
    const epoch = Math.floor(position.step / perEpoch);
    position.sum += trainStep(run, run.draw(position.step), position.step);
    position.step++;
    checkFinite(position.sum, plan.purpose);
    if (place === perEpoch - 1 || position.step === plan.steps) {
      endEpoch(run, plan, position, place + 1);
      await plan.save();
    }
    if (performance.now() - pausedAt > PAUSE_MS || context.signal?.aborted) {
      report(context, plan, position, epoch);
      await pause(context.signal).catch(async (e) => {
        await plan.save();
        throw e;
      });
      pausedAt = performance.now();
    }
  }
}

const isOver = ({ scores, best }: Position, { patience }: TrainingPlan): boolean =>
  patience > 0 && best !== null && scores.length - 1 - best.epoch >= patience;

function endEpoch(run: Run, { patience, judge }: TrainingPlan, position: Position, steps: number): void {
  position.losses.push(position.sum / steps);
  position.sum = 0;
  if (patience === 0) return;
  const values = currentValues(run);
  const score = judge(values);
  if (!position.best || score > position.best.score) position.best = { epoch: position.scores.length, score, values };
  position.scores.push(score);
}

function report(
  { progress }: Context,
  { purpose, epochs, steps }: TrainingPlan,
  { step, losses }: Position,
  epoch: number,
): void {
  const last = losses.length ? `, loss ${losses.at(-1)!.toPrecision(3)}` : '';
  const detail = `epoch ${Math.min(epoch + 1, Math.ceil(epochs))}/${Math.ceil(epochs)}${last}`;
  progress?.({ what: purpose, done: step, total: steps, detail });
}

/** One step on one batch; returns the batch's mean loss. */
function trainStep(run: Run, indices: Int32Array, step: number): number {
  const { heap, program } = run;
  run.prepare(indices, step);
  program.forward(step);
  for (const { gradient } of [...program.outputs, ...program.taps]) if (gradient) heap.clear(gradient);
  let mean = 0;
  for (const { step: write, loss, weight } of run.losses.summands) {
    write();
    const rows = heap.read(loss) as Float32Array;
    let sum = 0;
    for (const value of rows) sum += weight * value;
    mean += sum / rows.length;
  }
  program.backward();
  run.update.run(step);
  run.average?.follow(step);
  return mean;
}

function checkFinite(loss: number, purpose: string): void {
  if (Number.isFinite(loss)) return;
  throw new CompressError('bad-option', `${purpose}: the loss is no longer a number`, 'lower the learning rate');
}
