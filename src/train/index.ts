import * as v from 'valibot';
import { toFloat } from '../run/integer.ts';
import type { Stage } from '../stage.ts';
import { checkOptions, trainFields } from './options.ts';
import { train } from './trainer.ts';

export const finetuneSchema = v.object(trainFields);

/**
 * Trains on the labels (autoencoders: on their input). A quantized model stays quantized; `qat` says how it is trained. Pruned weights
 * stay 0.
 *
 * @throws CompressError `bad-option` naming the option that is wrong. Its `run` throws `bad-data` without a train part (with `patience`: a
 *   validation part) or without labels that fit, `bad-option` where the loss is no longer a number, `unsupported` for a network that keeps
 *   state
 */
export function finetune(options: v.InferInput<typeof finetuneSchema> = {}): Stage {
  const checked = checkOptions(finetuneSchema, options, 'finetune');
  return {
    name: 'finetune',
    options: checked,
    async run(model, context) {
      const { graph, facts } = await train({ ...model, graph: toFloat(model.graph) }, context, checked, 'finetune');
      return { ...model, graph, facts };
    },
  };
}
