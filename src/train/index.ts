import * as v from 'valibot';
import { toFloat } from '../run/integer.ts';
import { defineStage, type Model } from '../stage.ts';
import { type TrainOptions, trainFields } from './options.ts';
import { train } from './trainer.ts';

export { type ScratchOptions, scratchFields, scratchSchema, trainFromScratch } from './scratch.ts';

export const finetuneSchema = v.object(trainFields);

/**
 * Trains on the labels (autoencoders: on their input). A quantized model stays quantized; `qat` says how it is trained. Pruned weights
 * stay 0.
 *
 * @throws CompressError `bad-option` naming the option that is wrong. Its `run` throws `bad-data` without a train part (with `patience`: a
 *   validation part) or without labels that fit, `bad-option` where the loss is no longer a number, `unsupported` for a network that keeps
 *   state
 */
export const finetune = defineStage({
  name: 'finetune',
  about: 'train the weights on the labels',
  options: finetuneSchema,
  trains: true,
  keepsRanges: false,
  needsData: true,
  outline: outlineTraining,
  async run(model, options, context) {
    const { graph, facts } = await train({ ...model, graph: toFloat(model.graph) }, context, options, 'finetune');
    return { ...model, graph, facts };
  },
});

/** What `train` leaves: structure and bits as they are. Scales that it learned are not measured again. */
export function outlineTraining({ graph, facts }: Model, { qat, epochs }: TrainOptions): Model {
  const learns = facts.quantize && qat === 'learned' && epochs > 0;
  // Another graph: its weights will not be these.
  return { graph: { ...toFloat(graph) }, facts: { ...facts, isOutline: true, ...(learns && { learnedScales: true }) } };
}
