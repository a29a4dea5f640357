import type { Dataset } from '../data/index.ts';
import { CompressError, checkOptionNames, nearestNames } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { describeLabels, type LabelFacts, labelFacts } from './labels.ts';
import { METRIC_NAMES, type MetricName, metricOf } from './metrics.ts';
import { describeOutput, type OutputFacts, outputsOf } from './outputs.ts';
import { rulesOf } from './rules.ts';
import { type Fit, TASK_NAMES, type Task, type TaskName } from './task.ts';

/** What is stated of a model's purpose; what is left out is recognized from labels and graph. */
export interface TaskOptions {
  readonly task?: TaskName;
  /** The output that is judged, by name. */
  readonly output?: string;
  readonly metric?: MetricName;
}

/** What is stated of the task, and nothing else. */
export const taskOptions = ({ task, output, metric }: TaskOptions): TaskOptions =>
  Object.fromEntries(Object.entries({ task, output, metric }).filter(([, value]) => value !== undefined));

const NAMES: readonly (keyof TaskOptions)[] = ['task', 'output', 'metric'];

interface Candidate {
  readonly name: TaskName;
  readonly output: OutputFacts;
  readonly level: number;
}

/**
 * The task of a model beside its data. Where labels and graph fit several tasks or outputs equally well, none is chosen.
 *
 * @throws CompressError `bad-option` where it must be stated, or what is stated cannot be; `bad-data` where labels fit nothing
 */
export function recognizeTask(graph: Graph, data: Dataset, options: TaskOptions = {}): Task {
  checkOptionNames(options, NAMES, 'task');
  const { task: stated, output: wanted, metric } = options;
  checkStated(stated, metric);
  const outputs = chosenOutputs(outputsOf(graph), wanted);
  // An autoencoder that is stated to be one may have labels of any kind beside it: they are not its target.
  const labels = stated === 'reconstruction' ? null : labelFacts(data);
  const names = stated ? [stated] : TASK_NAMES;
  const all = outputs.flatMap((output) =>
    names.map((name): Candidate => ({ name, output, level: fitOf(name, output, labels).level })),
  );
  const best = Math.max(...all.map((c) => c.level));
  if (best < (stated ? 1 : 2)) throw nothingFits(data, outputs, labels, names);
  const fitting = all.filter((c) => c.level === best);
  const scored = fitting.filter((c) => !c.output.isIndex);
  const found = scored.length ? scored : fitting;
  if (found.length > 1) throw severalFit(data, found, labels);
  return taskOf(found[0], data, metric);
}

/** Class numbers without scores are classification, and nothing else. */
const fitOf = (name: TaskName, output: OutputFacts, labels: LabelFacts | null): Fit =>
  output.isIndex && name !== 'classification' ? { level: 0, demand: null } : rulesOf(name).fit(output, labels);

function checkStated(task: TaskName | undefined, metric: MetricName | undefined): void {
  const check = (what: string, value: string | undefined, known: readonly string[]) => {
    if (value === undefined || known.includes(value)) return;
    throw new CompressError('bad-option', `there is no ${what} "${value}"`, `give one of ${known.join(', ')}`);
  };
  check('task', task, TASK_NAMES);
  check('metric', metric, METRIC_NAMES);
}

function chosenOutputs(outputs: readonly OutputFacts[], wanted: string | undefined): readonly OutputFacts[] {
  if (wanted === undefined) return outputs;
  const found = outputs.filter(({ name }) => name === wanted);
  if (found.length) return found.slice(0, 1);
  const names = outputs.map((o) => o.name);
  throw new CompressError(
    'bad-option',
    `the model has no output "${wanted}"`,
    `its outputs are ${nearestNames(wanted, names, names.length)
      .map((n) => `"${n}"`)
      .join(', ')}`,
  );
}

function taskOf({ name, output }: Candidate, data: Dataset, stated: MetricName | undefined): Task {
  const { metrics } = rulesOf(name);
  if (stated && !metrics.includes(stated)) {
    throw new CompressError('bad-option', `${name} is not judged by ${stated}`, `give one of ${metrics.join(', ')}`);
  }
  return {
    name,
    output: output.place,
    outputName: output.name,
    places: output.places,
    width: output.channels,
    isIndex: output.isIndex,
    logits: output.ends !== 'logistic',
    input: Math.max(0, output.input),
    classNames: data.classNames ?? null,
    metric: stated ?? (name === 'reconstruction' && judgesAnomalies(data) ? 'auc' : metrics[0]),
  };
}

/** Whether every part that judges has both normal examples (0) and anomalies (1). */
function judgesAnomalies({ validation, test }: Dataset): boolean {
  const parts = [validation, test].filter((p) => p !== null);
  const isAnomaly = (label: number) => label === 0 || label === 1;
  return parts.length > 0 && parts.every(({ y }) => y?.includes(0) && y.includes(1) && y.every(isAnomaly));
}

const labelText = (data: Dataset, labels: LabelFacts | null): string =>
  labels ? `the labels of ${data.name} (${describeLabels(labels)})` : `${data.name}, which has no labels,`;

function nothingFits(
  data: Dataset,
  outputs: readonly OutputFacts[],
  labels: LabelFacts | null,
  names: readonly TaskName[],
): CompressError {
  if (names.length === 1 && names[0] === 'reconstruction') return noCopy(outputs);
  if (!labels) return unlabelled(data, outputs);
  const demands = outputs.flatMap((output) => {
    const of = names.flatMap((name) => {
      const { demand } = fitOf(name, output, labels);
      return demand === null ? [] : [`${name}: ${demand}`];
    });
    return of.length ? [`for "${output.name}" give ${of.join('; or ')}`] : [];
  });
  const described = outputs.map(describeOutput).join(', ');
  const why = names.length > 1 ? 'no task fits both' : `${names[0]} does not fit them`;
  return new CompressError(
    'bad-data',
    `${labelText(data, labels)} and the model's output${outputs.length > 1 ? 's' : ''} ${described}: ${why}`,
    demands.length ? demands.join('. ') : 'name another output (--output), or give the data that belongs to this model',
  );
}

function unlabelled({ name }: Dataset, outputs: readonly OutputFacts[]): CompressError {
  return new CompressError(
    'bad-data',
    `${name} has no labels, and the model's output ${outputs.map(describeOutput).join(', ')} is no copy of an input`,
    'add an array y beside x (IDX: the labels file; pictures: class folders)',
  );
}

function noCopy(outputs: readonly OutputFacts[]): CompressError {
  return new CompressError(
    'bad-option',
    `no input has the size of the output ${outputs.map(describeOutput).join(', ')}: it cannot be a reconstruction`,
    'state another --task',
  );
}

function severalFit(data: Dataset, found: readonly Candidate[], labels: LabelFacts | null): CompressError {
  const outputs = new Set(found.map((c) => c.output.name));
  const tasks = new Set(found.map((c) => c.name));
  const each = found.map((c) => `${c.name}${outputs.size > 1 ? ` by output "${c.output.name}"` : ''}`);
  const flags = [
    ...(tasks.size > 1 ? [`--task ${[...tasks].join(' or ')}`] : []),
    ...(outputs.size > 1 ? [`--output ${[...outputs].map((o) => `"${o}"`).join(' or ')}`] : []),
  ];
  return new CompressError(
    'bad-option',
    `${labelText(data, labels)} fit the model in more than one way: ${each.join(', or ')}`,
    `state it: ${flags.join(', and ')}`,
  );
}

/** A task in one line, to be said. */
export function describeTask(task: Task, graph: Graph): string {
  const { name, places, width, metric } = task;
  const output = outputsOf(graph)[task.output];
  const counted = {
    classification: `classification into ${width} classes`,
    binary: 'binary classification',
    multilabel: `multilabel classification, ${width} labels`,
    regression: places * width === 1 ? 'regression of one value' : `regression of ${places * width} values`,
    reconstruction: 'reconstruction of the input',
  }[name];
  const map = places > 1 && name !== 'reconstruction' && name !== 'regression' ? `, at each of ${places} places` : '';
  return `${counted}${map}, by output ${describeOutput(output)}; judged by ${metricOf(metric).label}`;
}
