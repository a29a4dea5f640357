import { batchInto, createBatch, type Dataset, inputsOf, type Part, planBatch } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { createRandom, permutation } from '../random.ts';
import type { Heap, Step } from '../wasm/heap.ts';
import { compile, isBatchable, type Program } from './compile.ts';
import { runCalls } from './feed.ts';

/** Examples that something is measured on. */
export interface Examples {
  readonly data: Dataset;
  readonly part: Part;
  /** Their places in the part, in the order in which they are run. */
  readonly order: Int32Array;
}

/**
 * At most `count` examples of the train part (else the validation part), drawn without repetition.
 *
 * @param purpose names the random numbers
 * @throws CompressError `bad-data` where there is neither part
 */
export function drawExamples(data: Dataset, count: number, seed: number, purpose: string): Examples {
  const part = data.train ?? data.validation;
  if (!part) {
    throw new CompressError(
      'bad-data',
      `${data.name} has no train part to measure on`,
      'give a folder with a train part, or a --split',
    );
  }
  return { data, part, order: permutation(part.count, createRandom(seed, purpose)).subarray(0, count) };
}

const BATCH = 16;

/**
 * Runs a float graph on examples; called again, it runs them again.
 *
 * @param watch makes what is done after each batch of a program, and after each call of an example that is several: of the one for whole batches, and of the one for the examples that are left
 */
export type Observer = (watch: (program: Program) => Step) => void;

/** An observer of `graph`: every tensor can be read after a batch, every example counts, each begins with fresh state. For use inside a scope. */
export function observe(heap: Heap, graph: Graph, { data, part, order }: Examples): Observer {
  const batch = isBatchable(graph) ? Math.min(BATCH, order.length) : 1;
  const plan = planBatch(data, inputsOf(graph));
  const whole = Math.floor(order.length / batch) * batch;
  const turns = [
    { batch, from: 0, to: whole },
    { batch: order.length - whole, from: whole, to: order.length },
  ].filter(({ from, to }) => to > from);
  const programs = turns.map((turn) => ({ ...turn, program: compile(heap, graph, { batch: turn.batch, keepAll: true }) }));
  return (watch) => {
    for (const { program, from, to } of programs) {
      const input = createBatch(plan, program.batch);
      const step = watch(program);
      for (let at = from; at < to; at += program.batch) {
        batchInto(plan, part, order.subarray(at, at + program.batch), input);
        runCalls(heap, program, input, plan.calls, step);
      }
    }
  };
}

/** Runs a graph on examples once, batch by batch; every tensor can be read in between. */
export function visitBatches(heap: Heap, graph: Graph, examples: Examples, visit: (program: Program) => void): void {
  heap.scope(() => {
    observe(heap, graph, examples)((program) => () => visit(program));
  });
}
