import type { PartName } from '../data/index.ts';
import type { Evaluation } from '../evaluate.ts';
import { classNamesOf, type MetricName, showMetric, type Task } from '../task/index.ts';
import { type Output, percent, table } from './output.ts';

/** A confusion of more classes is no table to be read. */
const MOST_CLASSES = 20;
const MOST_VALUES = 50;

/** All figures of an evaluation for people, the one it is judged by first. */
export function showEvaluation(out: Output, found: Evaluation, task: Task, judged: PartName | 'all'): void {
  if (found.classes.length) out.print(classTable(found, task));
  if (found.confusion.length && found.confusion.length <= MOST_CLASSES) out.print(confusionTable(found, task));
  if (found.values.length) out.print(valueTable(found));
  const { topK, accuracy, correct, metrics, metric } = found;
  const places = task.places > 1 && task.name !== 'regression' ? task.places : 1;
  const of = judged === 'all' ? `all ${found.examples} examples` : `${found.examples} examples of the ${judged} part`;
  const rest = { ...metrics };
  if (accuracy !== null && correct !== null && task.name !== 'multilabel') {
    out.say(`accuracy ${percent(accuracy)}: ${correct} of ${places > 1 ? `${places * found.examples} places of ${of}` : of}`);
    delete rest.accuracy;
  } else {
    out.say(`${showMetric(metric, metrics[metric] ?? null)} over ${of}`);
    delete rest[metric];
  }
  const others = Object.entries(rest).flatMap(([name, value]) => (value === null ? [] : [showMetric(name as MetricName, value)]));
  if (others.length) out.say(others.join(', '));
  if (topK) out.say(`among the ${topK.k} largest ${percent(topK.accuracy)}: ${topK.correct} of ${found.examples}`);
}

function classTable({ classes, confusion }: Evaluation, task: Task): string {
  const names = classNamesOf(task);
  const exclusive = confusion.length > 0;
  const rows = classes.map(({ examples, recall, precision, f1, auc }, c) => [
    ...[names[c], String(examples), percent(recall), percent(precision), percent(f1)],
    ...(exclusive ? [] : [auc === null ? '-' : auc.toFixed(4)]),
  ]);
  return table([exclusive ? 'class' : 'label', 'examples', 'recall', 'precision', 'F1', ...(exclusive ? [] : ['AUC'])], rows);
}

/** How often examples of the class of a row were taken for that of a column, which is named by its number. */
function confusionTable({ confusion }: Evaluation, task: Task): string {
  const names = classNamesOf(task);
  const numbers = confusion.map((_, c) => `as ${c}`);
  const rows = confusion.map((row, c) => [names[c] === String(c) ? names[c] : `${c} ${names[c]}`, ...row.map(String)]);
  return table(['class', ...numbers], rows, 1, { drop: [numbers] });
}

function valueTable({ values }: Evaluation): string {
  const short = (v: number | null) => (v === null ? '-' : String(Number(v.toPrecision(4))));
  const rows = values
    .slice(0, MOST_VALUES)
    .map(({ rmse, mae, r2 }, k) => [String(k), short(rmse), short(mae), r2 === null ? '-' : r2.toFixed(4)]);
  if (values.length > MOST_VALUES) rows.push(['...', '', '', '']);
  return table(['value', 'RMSE', 'MAE', 'R2'], rows);
}
