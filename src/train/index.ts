import * as v from 'valibot';
import { toFloat } from '../run/integer.ts';
import type { Stage } from '../stage.ts';
import { checkOptions, trainFields } from './options.ts';
import { train } from './trainer.ts';

export const finetuneSchema = v.object(trainFields);

/** Trains on the labels (autoencoders: on their input). A quantized model stays quantized; `qat` says how it is trained. */
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
