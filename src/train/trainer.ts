import { type Dataset, inputsOf, needPart, type Part, planBatch } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { findTask, judge as judgeGraph, qualityOf } from '../evaluate.ts';
import { type Graph, type Node, withTensors } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { isBatchable } from '../run/compile.ts';
import { withFreshStates } from '../run/fresh_states.ts';
import { endOf, withLogits, withScores } from '../run/logits.ts';
import { unrolled } from '../run/unrolled.ts';
import type { Context, Facts, Model } from '../stage.ts';
import { outputsOf, type Task, upward } from '../task/index.ts';
import { type Checkpoint, checkpointIn } from './checkpoint.ts';
import { withFakeQuantization, withoutRecords } from './fake.ts';
import { checkTeacher, findHints, type Teachers } from './hints.ts';
import { identityOf } from './identity.ts';
import { currentValues, type Run, runSteps } from './loop.ts';
import { foldedValues, withNorms } from './norm.ts';
import type { TrainOptions } from './options.ts';
import { changingIn, setUp } from './setup.ts';
import { type Constants, newPosition, type Position } from './state.ts';
import { withLearnedScales } from './step_sizes.ts';
import { unlabelledFor } from './unlabelled.ts';

/** What one training did. */
export interface Trained {
  readonly graph: Graph;
  readonly facts: Facts;
  /** Mean loss of each epoch. */
  readonly losses: readonly number[];
  /** With patience: the task's metric of each epoch on the validation part, so that more is better (errors are negative). */
  readonly scores: readonly number[];
}

/**
 * Trains the weights of a float graph; with quantization records on it, through fake quantization (straight-through estimator),
 * so that it stays quantized.
 *
 * @param purpose names the random numbers of this training, so that two stages of one pipeline draw different ones
 * @param unlabelled examples beside the train part that only teachers know the answer to
 * @throws CompressError `bad-data` without a train part (with patience: a validation part) or without labels that fit
 */
export async function train(
  model: Model,
  context: Context,
  options: TrainOptions,
  purpose: string,
  given?: Teachers,
  unlabelled: Dataset | null = null,
): Promise<Trained> {
  const { heap, seed } = context;
  const drawn = options.round ? `${purpose}/${options.round}` : purpose;
  const { data, part } = trainPart(context, options, purpose);
  checkTrainable(model.graph);
  const task = context.task ?? findTask(heap, model.graph, data);
  const plan = planBatch(data, inputsOf(model.graph));
  const subject = subjectOf(plan.calls > 1 ? model.graph : withFreshStates(model.graph), task, given);
  checkExamples(unrolled(subject.graph, plan.calls));
  const { teachers } = subject;
  for (const teacher of teachers?.graphs ?? []) checkTeacher(subject.graph, teacher);
  checkOutputs(subject.graph, subject.task, teachers !== undefined, context, purpose);
  const teaching = teachers ? findHints(subject.graph, teachers) : null;
  const more = unlabelled && unlabelledFor(model.graph, unlabelled);
  const batch = Math.min(options.batch, part.count);
  const steps = Math.ceil(options.epochs * Math.floor(part.count / batch));
  if (steps === 0) return { ...model, losses: [], scores: [] };
  return heap.exclusive(async () => {
    const { qat } = options;
    const normed = withNorms(heap, qat === 'off' ? withoutRecords(subject.graph) : subject.graph, data, seed);
    const fake = withFakeQuantization(withLogits(normed.graph), qat);
    const setting = {
      data,
      task: subject.task,
      part,
      plan,
      fake,
      options: { ...options, batch },
      steps,
      random: { seed, purpose: drawn },
      teaching,
      unlabelled: batch > 1 ? more : null,
    };
    const run = setUp(heap, normed.graph, setting);
    const finished = (values: Constants) =>
      withLearnedScales(withValues(model.graph, foldedValues(normed.layers, model.graph, values)), fake.learned, values);
    const judge = (values: Constants) =>
      upward(
        task.metric,
        qualityOf(judgeGraph(heap, withFakeQuantization(finished(values), qat).graph, data, 'validation', task).evaluation),
      );
    const position = newPosition();
    const identity = () => identityOf({ purpose, seed, options }, model.graph, teachers?.graphs ?? [], data, unlabelled);
    const kept = await keptIn(context, run, position, identity);
    const save = async () => kept?.save();
    await runSteps(
      run,
      context,
      { purpose: drawn, epochs: options.epochs, steps, patience: options.patience, judge, save },
      position,
    );
    const { best, losses, scores } = position;
    const facts = fake.learned.length ? { ...model.facts, learnedScales: true } : model.facts;
    return { graph: finished(best?.values ?? currentValues(run)), facts, losses, scores };
  });
}

function trainPart({ data }: Context, { patience }: TrainOptions, purpose: string): { data: Dataset; part: Part } {
  if (!data?.train) throw new CompressError('bad-data', `${purpose} needs training data`, 'add --data with a train part');
  if (patience > 0) needPart(data, 'validation');
  return { data, part: data.train };
}

/** Without a teacher nothing holds the outputs that are not judged. */
function checkOutputs(
  { tensors, outputs }: Graph,
  { output, outputName }: Task,
  taught: boolean,
  { warn }: Context,
  purpose: string,
): void {
  if (outputs.length === 1 || taught) return;
  const others = outputs.flatMap((t, i) => (i === output ? [] : [`"${tensors[t].name}"`]));
  warn?.(
    `${purpose} trains the output "${outputName}" alone: ${others.join(', ')} will change with the layers they share (distill keeps them)`,
  );
}

interface Subject {
  readonly graph: Graph;
  readonly task: Task;
  readonly teachers: Teachers | undefined;
}

/**
 * What is trained of a network with an ARG_MAX at its end: up to the scores before it. The result has the ARG_MAX again. Outputs that only
 * name the largest of scores which are an output too say nothing more.
 */
function subjectOf(graph: Graph, task: Task, teachers: Teachers | undefined): Subject {
  const whole = withScores(graph);
  if (whole === graph) return { graph, task, teachers };
  checkScores(graph, task);
  const isIndex = graph.outputs.map((t, i) => t !== whole.outputs[i]);
  const places = [...graph.outputs.keys()].filter((i) => i === task.output || !isIndex[i]);
  const scores = (g: Graph): Graph => {
    const all = withScores(g);
    return places.length === g.outputs.length ? all : { ...all, outputs: places.map((i) => all.outputs[i]) };
  };
  const output = places.indexOf(task.output);
  const open = scores(graph);
  return {
    graph: open,
    task: { ...task, output, isIndex: false, logits: outputsOf(open)[output].ends !== 'logistic' },
    teachers: teachers && { ...teachers, graphs: teachers.graphs.map(scores) },
  };
}

/** The loss reads one row of scores after another. */
function checkScores(graph: Graph, { output, outputName }: Task): void {
  const end = endOf(graph, graph.outputs[output]);
  if (end?.op !== 'argMax') return;
  const { shape, name } = graph.tensors[end.inputs[0]];
  const axis = end.attrs.axis as number;
  if (shape.slice(axis + 1).every((d) => d === 1)) return;
  throw new CompressError(
    'unsupported',
    `the output "${outputName}" is an ARG_MAX along axis ${axis} of "${name}" [${shape}], and training needs the classes on the last axis`,
    'leave out the stages that train, or give the model with its classes last',
  );
}

function checkTrainable(graph: Graph): void {
  const learns = ({ op, inputs }: Node) => rowOf(op).trainable.some((place) => graph.tensors[inputs[place]]?.data);
  if (!graph.nodes.some(learns)) {
    const fix = 'leave out the stages that train, or give a model with convolutions or dense layers';
    throw new CompressError('unsupported', 'the network has no weights that training could change', fix);
  }
}

/** Whether a network answers to an example by itself: what rests on calls before is trained on examples that are sequences of calls. */
export function isTrainable(graph: Graph, data: Dataset): boolean {
  try {
    return isBatchable(unrolled(graph, planBatch(data, inputsOf(graph)).calls));
  } catch (e) {
    if (e instanceof CompressError) return false;
    throw e;
  }
}

function checkExamples(graph: Graph): void {
  if (isBatchable(graph)) return;
  if (!graph.nodes.some((n) => n.inputs.some((t) => graph.tensors[t]?.variable))) {
    const what =
      'the network answers to one example at a time (its operators fix the batch to 1), and training runs several at once';
    throw new CompressError(
      'unsupported',
      what,
      'convert it with an open batch and the batch first, or leave out the stages that train',
    );
  }
  const shape = graph.tensors[graph.inputs[0]].shape.slice(1).join(', ');
  throw new CompressError(
    'unsupported',
    'a network that keeps state from call to call cannot be trained on single calls',
    `give sequences: examples of several calls [count, calls, ${shape}], each with the label of the last; or leave out the stages that train`,
  );
}

/** The checkpoint of a training, which continues from there; null where there is none. */
async function keptIn(
  { heap, checkpoint }: Context,
  run: Run,
  position: Position,
  identity: () => ReturnType<typeof identityOf>,
): Promise<Checkpoint | null> {
  if (!checkpoint) return null;
  const kept = checkpointIn(checkpoint, heap, await identity(), position, changingIn(run));
  await kept.restore();
  return kept;
}

function withValues(graph: Graph, values: Constants): Graph {
  const own = [...values].filter(([i]) => i < graph.tensors.length);
  return withTensors(graph, new Map(own.map(([i, data]) => [i, { ...graph.tensors[i], data }])));
}
