import * as v from 'valibot';
import type { Dataset } from '../data/index.ts';
import { option } from '../options/index.ts';
import type { Context, Model } from '../stage.ts';
import type { Task } from '../task/index.ts';
import { trainFields } from './options.ts';
import { train } from './trainer.ts';
import { inputUnits, targetUnit } from './units.ts';

const { qat: _qat, freezeRanges: _freeze, ...fields } = trainFields;

/** Options of a training from random weights. */
export const scratchFields = {
  ...fields,
  epochs: option(v.pipe(v.number(), v.minValue(0), v.maxValue(10000)), 30, 'times through the train part'),
  learningRate: option(v.pipe(v.number(), v.gtValue(0), v.maxValue(10)), 0.003, 'at its peak'),
};

export const scratchSchema = v.object(scratchFields);
export type ScratchOptions = v.InferOutput<typeof scratchSchema>;

/**
 * Trains a float model that has random weights. While it trains, what its first layers read and the targets of a regression are brought to a
 * mean of 0 and a spread of 1; afterwards the first and the last layers take up the units of the data. So steps of an optimizer, which are of
 * one size, do as well in any unit.
 *
 * @throws CompressError as `finetune` does
 */
export async function trainFromScratch(
  model: Model,
  context: Context & { readonly data: Dataset; readonly task: Task },
  options: ScratchOptions,
): Promise<Model> {
  const input = inputUnits(model.graph, context.data);
  const output = targetUnit(model.graph, context.data, context.task);
  const data = output.of(input.of(context.data));
  const all = { ...options, qat: 'off', freezeRanges: 0 } as const;
  const { graph } = await train(model, { ...context, data }, all, 'train');
  return { ...model, graph: output.into(input.into(graph)) };
}
