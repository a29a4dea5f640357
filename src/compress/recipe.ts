import { type Dataset, normalizationFacts } from '../data/index.ts';
import type { Recipe } from '../pipeline.ts';
import type { IoType } from '../run/edges.ts';
import type { Task } from '../task/index.ts';
import type { Rebuilt } from './front_end.ts';
import type { Stages } from './steps.ts';

interface Made {
  readonly seed: number;
  /** Types of its inputs and outputs, where they were stated. */
  readonly io?: IoType;
  /** The size that the validation part was brought to; null where it is as it was given. */
  readonly validation: number | null;
  /** The part of the validation part that the stages did not see; 0 where they saw all of it. */
  readonly apart: number;
  /** Whether the validation part trained as well. */
  readonly together: boolean;
  /** How the network was built anew for the front end, where that is another than the model's as given. */
  readonly rebuilt: Rebuilt | null;
}

/**
 * All that makes the result again from the model as given and its data: the stages, how the data was read and reached the model, and what it
 * was judged by.
 */
export function recipeOf(
  stages: Stages,
  data: Dataset,
  { name, outputName, metric }: Task,
  { seed, io, validation, apart, together, rebuilt }: Made,
): Recipe {
  const facts = { ...normalizationFacts(data), layout: data.layout, ...readingOf(data) };
  const task = { task: name, output: outputName, metric };
  const parts = {
    ...(validation !== null && { validation }),
    ...(apart > 0 && { apart }),
    ...(together && { together }),
    ...(rebuilt && { rebuilt }),
  };
  return JSON.parse(JSON.stringify({ version: 1, seed, stages, ...facts, task, ...(io && { io }), ...parts }));
}

function readingOf({ stated: { split, ...reading } = {} }: Dataset): Pick<Recipe, 'split' | 'reading'> {
  return { ...(split && { split: [...split] }), ...(Object.keys(reading).length && { reading }) };
}
