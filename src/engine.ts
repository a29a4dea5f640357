/** Models from files, their answers, quality and cost: all that a program needs which only runs networks. */
import type { Dataset, PartName } from './data/index.ts';
import { CompressError } from './errors.ts';
import type { EvaluateOptions, Evaluation } from './evaluate.ts';
import { type DType, type Graph, newValues, sizeOf, type Values } from './graph/graph.ts';
import type { Profile, ProfileOptions, Target } from './mcu/index.ts';
import { asStored } from './model.ts';
import { compile, type Program } from './run/compile.ts';
import { feed } from './run/feed.ts';
import type { Model } from './stage.ts';
import type { Task, TaskOptions } from './task/index.ts';
import { Heap } from './wasm/heap.ts';

export type { Dataset, PartName } from './data/index.ts';
export { type Code, CompressError } from './errors.ts';
export type { EvaluateOptions, Evaluation } from './evaluate.ts';
export type { DType, Graph, Node, Quantization, Tensor, Values } from './graph/graph.ts';
export type { Profile, ProfileOptions, Target } from './mcu/index.ts';
export { loadModel } from './model.ts';
export type { Model } from './stage.ts';
export type { Task, TaskOptions } from './task/index.ts';
export { Heap } from './wasm/heap.ts';

/** What an output holds: `shape` is [examples, ...shape of one answer], NHWC. */
export interface Answer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: Values;
}

/** A model is compiled when it is first run, and kept as long as the model is. */
const running = new WeakMap<Model, Promise<{ heap: Heap; program: Program }>>();

async function started(model: Model) {
  const heap = await Heap.open();
  return { heap, program: compile(heap, asStored(model)) };
}

/**
 * The answers of a model to examples, of its own types: float, or the integers that the chip would answer. Each example begins with fresh state.
 *
 * @param inputs numbers of the input's own type, NHWC, one example after another; of several inputs a list in the model's order
 * @returns one for each output, in the model's order
 * @throws CompressError `shape-mismatch` where the numbers are no whole examples
 * @example
 * const [{ values }] = await infer(model, pixels);
 */
export async function infer(model: Model, inputs: ArrayLike<number> | readonly ArrayLike<number>[]): Promise<readonly Answer[]> {
  if (!running.has(model)) running.set(model, started(model));
  const { heap, program } = await running.get(model)!;
  const isList = Array.isArray(inputs) && typeof inputs[0] !== 'number';
  const given = (isList ? inputs : [inputs]) as readonly ArrayLike<number>[];
  const examples = examplesIn(program.graph, given);
  const answers = program.outputs.map(({ dtype, shape }) => newValues(dtype, examples * sizeOf(shape)) as Float32Array);
  for (let i = 0; i < examples; i++) {
    const one = given.map((x) => slice(x, (i * x.length) / examples, ((i + 1) * x.length) / examples));
    feed(heap, program.inputs, one);
    program.reset();
    program.run();
    for (const [k, y] of program.outputs.entries()) answers[k].set(heap.read(y) as Float32Array, i * sizeOf(y.shape));
  }
  return program.outputs.map(({ dtype, shape }, k) => ({
    name: program.graph.tensors[program.graph.outputs[k]].name,
    dtype,
    shape: [examples, ...shape.slice(1)],
    values: answers[k],
  }));
}

const slice = (x: ArrayLike<number>, from: number, to: number): ArrayLike<number> =>
  ArrayBuffer.isView(x) ? (x as Float32Array).subarray(from, to) : Array.prototype.slice.call(x, from, to);

function examplesIn({ inputs, tensors }: Graph, given: readonly ArrayLike<number>[]): number {
  if (given.length !== inputs.length) {
    const names = inputs.map((t) => `"${tensors[t].name}"`).join(', ');
    throw new CompressError(
      'shape-mismatch',
      `the model takes ${inputs.length} input${inputs.length === 1 ? '' : 's'}, ${names}, but ${given.length} ${given.length === 1 ? 'is' : 'are'} given`,
      'give a list with the numbers of each, in this order',
    );
  }
  const counts = inputs.map((t, i) => given[i].length / sizeOf(tensors[t].shape));
  const odd = counts.findIndex((n) => !(Number.isInteger(n) && n > 0 && n === counts[0]));
  if (odd < 0) return counts[0];
  const { name, shape } = tensors[inputs[odd]];
  throw new CompressError(
    'shape-mismatch',
    `"${name}" is given ${given[odd].length} numbers, but an example has ${sizeOf(shape)} (${shape.slice(1).join('x')})`,
    'give whole examples, as many for each input',
  );
}

/**
 * How well a model does on one part of the data, by the arithmetic it has: float, or the chip's own integers, and by the task it is for:
 * classification, binary, multilabel, regression or reconstruction.
 *
 * @throws CompressError `bad-data` where the data lacks the part, or labels that fit the outputs; `shape-mismatch` where an example is not
 *   the model's input; `bad-option` for `top` beyond the number of outputs
 */
export const evaluate = async (
  model: Model,
  data: Dataset,
  part: PartName = 'test',
  options: EvaluateOptions = {},
): Promise<Evaluation> => (await import('./evaluate.ts')).evaluateGraph(asStored(model), data, part, options);

/**
 * What a model is for, beside its data: `evaluate` and every stage that trains find it by themselves; `context.task` of `runPipeline` states it.
 *
 * @throws CompressError `bad-option` where labels and graph fit several tasks or outputs, or what is stated cannot be; `bad-data` where they
 *   fit none
 * @example
 * const task = await findTask(model, data, { task: 'binary', metric: 'auc' });
 */
export const findTask = async (model: Model, data: Dataset, options: TaskOptions = {}): Promise<Task> =>
  (await import('./evaluate.ts')).findTask(await Heap.open(), asStored(model), data, options);

/**
 * `profile` of the whole library; the models of chips and of generated code are loaded with the first call.
 *
 * @throws CompressError `unknown-target`, or `bad-option` for a runtime or a clock that cannot be
 */
export const profile = async (model: Model, target: Target | string, options?: ProfileOptions): Promise<Profile> =>
  (await import('./mcu/index.ts')).profile(asStored(model), target, options);
