import type { Dataset } from '../data/index.ts';
import { judge } from '../evaluate.ts';
import { shortName } from '../graph/names.ts';
import { explainQuantization } from '../quant/explain.ts';
import { decibels, decibelText } from '../quant/output_error.ts';
import { toFloat } from '../run/integer.ts';
import type { Explanation, LayerLoss } from '../run/losses.ts';
import type { Model, RangeChange } from '../stage.ts';
import { dropBetween, metricOf, type Task } from '../task/index.ts';
import { withoutRecords } from '../train/fake.ts';
import type { Heap } from '../wasm/heap.ts';
import { type Output, table } from './output.ts';

/** A point of a share, or 1 % more error. */
const POINT = 0.01;

/** How a quantized model is explained: as its stage did, or now where its integers lose more than a point against its floats. */
export function explainLoss(
  heap: Heap,
  model: Model,
  data: Dataset,
  task: Task | null,
  quality: number | null,
  seed: number,
  out: Output,
): Explanation | null {
  const { quantize, quantization } = model.facts;
  if (!quantize) return null;
  const known = quantization?.explanation ?? null;
  if (!task || quality === null) return known;
  const floats = withoutRecords(toFloat(model.graph));
  const before = judge(heap, floats, data, 'validation', task).evaluation.quality;
  if (before === null || !(dropBetween(task.metric, before, quality) > POINT)) return known;
  const explanation = known ?? explainQuantization(heap, model.graph, data, seed);
  const { label, show } = metricOf(task.metric);
  out.warn(`quantization costs more than a point: ${label} ${show(before)} in floats, ${show(quality)} in integers`);
  for (const line of causeLines(explanation)) out.warn(line);
  return explanation;
}

const causeLines = ({ causes }: Explanation): string[] =>
  causes.map(
    ({ layer, what, fix, alone }) =>
      `"${shortName(layer)}": ${what} (${decibelText(alone)} in the answers, alone); what may help: ${fix}`,
  );

/** Every layer of a quantized network. */
export function showExplanation({ layers, outputError, examples }: Explanation, out: Output): void {
  const head = ['layer', 'operator', 'bits', 'SQNR', 'cosine', 'largest error', 'output alone', 'weights alone', 'cause'];
  const rows = layers.map((l) => [
    ...[
      shortName(l.name),
      l.op,
      String(l.bits),
      decibelText(l.error),
      l.cosine.toFixed(5),
      String(Number(l.largest.toPrecision(3))),
    ],
    ...[decibelText(l.outputAlone), l.weightsAlone === null ? '' : decibelText(l.weightsAlone), l.cause?.kind ?? ''],
  ]);
  out.print(table(head, rows, 2, { drop: ['cosine', 'largest error', 'weights alone', 'operator'] }));
  out.say(
    `answers: signal to quantization noise ${decibelText(outputError)}, on ${examples} examples; "alone": with only that rounded`,
  );
}

/** Every tensor whose range or scheme was chosen again, those that gained the most first. */
export function showChanges(changes: readonly RangeChange[], out: Output): void {
  const gain = ({ errorBefore, errorAfter }: RangeChange) => errorAfter / Math.max(errorBefore, Number.MIN_VALUE);
  const cover = ({ low, high, scheme }: RangeChange['before']) =>
    `${Number(low.toPrecision(3))}..${Number(high.toPrecision(3))} ${scheme}`;
  const rows = [...changes]
    .sort((a, b) => gain(a) - gain(b))
    .map((c) => [shortName(c.tensor), cover(c.before), cover(c.after), decibelText(c.errorBefore), decibelText(c.errorAfter)]);
  out.print(table(['tensor', 'was', 'chosen again', 'SQNR as it was', 'SQNR'], rows, 3));
}

/** As JSON: dB where there is an error, else null. */
export function explanationJson({ layers, outputError, examples, causes }: Explanation) {
  const db = (error: number | null) => (error ? decibels(error) : null);
  const layer = ({ error, outputAlone, weightsAlone, ...rest }: LayerLoss) => ({
    ...rest,
    ...{ sqnrDb: db(error), outputAloneDb: db(outputAlone), weightsAloneDb: db(weightsAlone) },
  });
  return {
    sqnrDb: db(outputError),
    examples,
    layers: layers.map(layer),
    causes: causes.map(({ alone, ...c }) => ({ ...c, aloneDb: db(alone) })),
  };
}
