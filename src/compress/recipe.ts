import { type Dataset, normalizationFacts } from '../data/index.ts';
import type { Recipe } from '../pipeline.ts';
import type { Task } from '../task/index.ts';
import type { Stages } from './steps.ts';

/**
 * All that makes the result again from the model as given and its data: the stages, how the data reached the model, and what it was judged by.
 *
 * @param validation the size that the validation part was brought to; null where it is as it was given
 */
export function recipeOf(
  stages: Stages,
  data: Dataset,
  { name, outputName, metric }: Task,
  { seed, validation }: { seed: number; validation: number | null },
): Recipe {
  const facts = { ...normalizationFacts(data), layout: data.layout, task: { task: name, output: outputName, metric } };
  return JSON.parse(JSON.stringify({ version: 1, seed, stages, ...facts, ...(validation !== null && { validation }) }));
}
