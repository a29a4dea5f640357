/** What seems wrong between a model, its data and what it is judged by: a warning before any work rests on it. */
import { type Dataset, type Normalization, type PartName, takeEvenly } from './data/index.ts';
import { type Evaluation, judge } from './evaluate.ts';
import type { Graph } from './graph/graph.ts';
import { METRICS, showMetric, type Task } from './task/index.ts';
import type { Heap } from './wasm/heap.ts';

const EXAMPLES = 256;

/**
 * Lines about a model that answers no better than chance, or far worse than if its data reached it in another usual form or with its classes
 * in another order, and about an accuracy that one class decides. Empty where all seems well.
 *
 * @param evaluation of `graph` on the part, by `task`
 */
export function doubtsAbout(
  heap: Heap,
  graph: Graph,
  data: Dataset,
  part: PartName,
  task: Task,
  evaluation: Evaluation,
): string[] {
  const chance = chanceText(evaluation);
  const poor = chance !== null || isPoor(evaluation);
  const hints = poor ? [orderText(evaluation, task), scaleText(heap, graph, data, part, task)] : [];
  const causes =
    'labels may be shuffled or of another model, or the data reaches the model in another form (--scale, --mean, --std)';
  const first = chance !== null && hints.every((t) => t === null) ? `${chance}: ${causes}` : chance;
  return [first, ...hints, majorityText(evaluation, task)].filter((t) => t !== null);
}

/** Of so many examples of one class, accuracy says little about the others. */
const MOST = 0.9;

/** A line where nearly all examples are of one class and accuracy is what counts; null elsewhere. */
function majorityText({ confusion, metric }: Evaluation, { classNames, places }: Task): string | null {
  const counts = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const most = counts.indexOf(Math.max(...counts));
  const share = counts[most] / counts.reduce((a, b) => a + b, 0);
  const isLone = counts.filter((n) => n > 0).length < 2;
  if (metric !== 'accuracy' || isLone || !(share >= MOST)) return null;
  const shown = METRICS.accuracy.show(share);
  return `${shown} of the ${places > 1 ? 'places' : 'examples'} are of class ${classNames?.[most] ?? most}, so that answering it always has an accuracy of ${shown}: --metric balanced counts all classes alike, --min-recall CLASS=SHARE holds single ones up`;
}

/** Whether answers and labels have nothing to do with each other. */
export const isAtChance = (evaluation: Evaluation): boolean => chanceText(evaluation) !== null;

const isPoor = ({ accuracy, metrics }: Evaluation): boolean =>
  (accuracy !== null && accuracy < 0.9) || (metrics.r2 !== undefined && metrics.r2 !== null && metrics.r2 < 0.5);

/** A line where answers and labels have nothing to do with each other; null where they have. */
function chanceText({ task, examples, metrics, accuracy, confusion, metric, quality }: Evaluation): string | null {
  if (task === 'classification' || task === 'binary') {
    const expected = agreementByChance(confusion);
    const total = confusion.flat().reduce((a, b) => a + b, 0);
    const deviation = Math.sqrt((expected * (1 - expected)) / Math.max(1, total));
    // Of so few examples that all of them right would be no more, nothing follows.
    if (1 - expected <= 2 * deviation || accuracy! - expected > 2 * deviation) return null;
    return `the model as given reaches ${METRICS.accuracy.show(accuracy!)} on ${examples} examples, no better than chance (${METRICS.accuracy.show(expected)})`;
  }
  const isNoBetter =
    task === 'regression' ? metrics.r2 !== null && metrics.r2! <= 0 : task === 'multilabel' && metrics.auc! <= 0.5;
  if (!isNoBetter || quality === null) return null;
  const than = task === 'regression' ? 'the mean of the labels would do as well' : 'no better than chance';
  return `the model as given has ${showMetric(metric, quality)} on ${examples} examples: ${than}`;
}

/** The share that would be right if answers kept their frequencies and were independent of the labels (Cohen, 1960). */
function agreementByChance(confusion: readonly (readonly number[])[]): number {
  const rows = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const total = rows.reduce((a, b) => a + b, 0);
  const columns = confusion.map((_, c) => confusion.reduce((sum, row) => sum + row[c], 0));
  return rows.reduce((sum, n, c) => sum + n * columns[c], 0) / total ** 2;
}

/** A line where answers fit the labels well, but by other numbers. */
function orderText({ confusion, accuracy }: Evaluation, { classNames }: Task): string | null {
  const total = confusion.flat().reduce((a, b) => a + b, 0);
  const answers = confusion.map((row) => row.indexOf(Math.max(...row)));
  const seen = confusion.flatMap((row, c) => (row.some((n) => n > 0) ? [c] : []));
  const differs = seen.some((c) => answers[c] !== c) && new Set(seen.map((c) => answers[c])).size === seen.length;
  const fitting = confusion.reduce((sum, row, c) => sum + row[answers[c]], 0) / total;
  if (!differs || seen.length < 2 || !(fitting - accuracy! > 0.2)) return null;
  const name = (c: number) => (classNames ? `${classNames[c] ?? c}` : String(c));
  const moved = seen.filter((c) => answers[c] !== c).map((c) => `${name(c)} is answered as ${answers[c]}`);
  return `its classes may be in another order: ${moved.slice(0, 6).join(', ')}${moved.length > 6 ? ' ...' : ''} (then ${METRICS.accuracy.show(fitting)} would be right)`;
}

/** Forms in which data usually reaches a model, and the flags for each. */
const FORMS: readonly { readonly flags: string; readonly form: Normalization }[] = [
  { flags: 'no --scale', form: { scale: 1, mean: [0], std: [1] } },
  { flags: '--scale 1/255', form: { scale: 1 / 255, mean: [0], std: [1] } },
  { flags: '--scale 1/127.5 --mean 1', form: { scale: 1 / 127.5, mean: [1], std: [1] } },
  { flags: '--scale 1/32768', form: { scale: 1 / 32768, mean: [0], std: [1] } },
  { flags: '--scale 255', form: { scale: 255, mean: [0], std: [1] } },
];

/** A line where another usual form serves the model far better. */
function scaleText(heap: Heap, graph: Graph, data: Dataset, part: PartName, task: Task): string | null {
  if (task.name === 'reconstruction') return null;
  const few = { ...data, [part]: takeEvenly(data[part]!, EXAMPLES) };
  const of = (normalization: Normalization) => judge(heap, graph, { ...few, normalization }, part, task).evaluation;
  const own = of(data.normalization);
  const tried = FORMS.map(({ flags, form }) => ({ flags, found: of(form) }));
  const best = tried.reduce((a, b) => (knowledgeOf(b.found) > knowledgeOf(a.found) ? b : a));
  if (!(knowledgeOf(best.found) - knowledgeOf(own) > 0.2)) return null;
  const text = ({ quality }: Evaluation) => METRICS[task.metric].show(quality!);
  return `with ${best.flags} ${METRICS[task.metric].label} would be ${text(best.found)}, where it now is ${text(own)} (${few[part]!.count} examples)`;
}

/** How well answers agree with labels: 1 at best, 0 for an answer that is always the same. */
function knowledgeOf({ confusion, accuracy, metrics }: Evaluation): number {
  if (confusion.length > 0) {
    const expected = agreementByChance(confusion);
    return expected < 1 ? (accuracy! - expected) / (1 - expected) : 0; // Cohen's kappa
  }
  return metrics.r2 ?? 2 * ((metrics.auc ?? 0.5) - 0.5);
}
