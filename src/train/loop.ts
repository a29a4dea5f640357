import { CompressError } from '../errors.ts';
import { createRandom, permutation, type Random } from '../random.ts';
import { type Context, pause } from '../stage.ts';
import type { Heap, HeapTensor } from '../wasm/heap.ts';
import type { Loss } from './losses.ts';
import type { TrainingProgram } from './program.ts';
import type { Update } from './updates.ts';

/** A training that is ready to run: everything is compiled and placed. */
export interface Run {
  readonly heap: Heap;
  readonly program: TrainingProgram;
  /** Examples of the part that is trained on. */
  readonly count: number;
  readonly batch: number;
  /** Brings a batch, varied by the random numbers, and its targets to the heap. */
  readonly prepare: (indices: Int32Array, random: Random) => void;
  readonly losses: readonly Loss[];
  /** f32 [batch]: what each summand of the loss writes. */
  readonly loss: HeapTensor;
  readonly update: Update;
}

export interface Length {
  /** May end within an epoch. */
  readonly epochs: number;
  readonly steps: number;
}

const PAUSE_MS = 100;

/** Runs all steps; returns the mean loss of each epoch. Orders and variations of the examples follow from seed, purpose and step alone. */
export async function runSteps(run: Run, context: Context, { epochs, steps }: Length, purpose: string): Promise<number[]> {
  const perEpoch = Math.floor(run.count / run.batch);
  const means: number[] = [];
  let order = new Int32Array(0);
  let sum = 0;
  let seen = 0;
  let pausedAt = performance.now();
  for (let step = 0; step < steps; step++) {
    const place = step % perEpoch;
    const epoch = Math.floor(step / perEpoch);
    if (place === 0) order = orderOf(run.count, context.seed, purpose, epoch);
    const indices = order.subarray(place * run.batch, (place + 1) * run.batch);
    sum += trainStep(run, indices, step, createRandom(context.seed, `${purpose}/augment/${step}`));
    seen++;
    if (place === perEpoch - 1 || step === steps - 1) {
      checkFinite(sum, purpose);
      means.push(sum / seen);
      sum = seen = 0;
    }
    if (performance.now() - pausedAt > PAUSE_MS) {
      const last = means.length ? `, loss ${means.at(-1)!.toPrecision(3)}` : '';
      const detail = `epoch ${Math.min(epoch + 1, Math.ceil(epochs))}/${Math.ceil(epochs)}${last}`;
      context.progress?.({ what: purpose, done: step + 1, total: steps, detail });
      await pause(context.signal);
      pausedAt = performance.now();
    }
  }
  return means;
}

const orderOf = (count: number, seed: number, purpose: string, epoch: number) =>
  permutation(count, createRandom(seed, `${purpose}/order/${epoch}`)) as Int32Array<ArrayBuffer>;

/** One step on one batch; returns the batch's mean loss. */
function trainStep(run: Run, indices: Int32Array, step: number, random: Random): number {
  const { heap, program, batch } = run;
  run.prepare(indices, random);
  program.forward(step);
  heap.clear(program.outputGradient);
  let sum = 0;
  for (const loss of run.losses) {
    loss.step();
    for (const value of heap.read(run.loss) as Float32Array) sum += value;
  }
  program.backward();
  run.update(step);
  return sum / batch;
}

function checkFinite(loss: number, purpose: string): void {
  if (Number.isFinite(loss)) return;
  throw new CompressError('bad-option', `${purpose}: the loss is no longer a number`, 'lower the learning rate');
}
