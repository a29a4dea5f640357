import * as v from 'valibot';
import { CompressError, nearestNames } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { toFloat } from '../run/integer.ts';
import { foldActivations } from '../simplify/activation.ts';
import { foldNorms } from '../simplify/norm.ts';
import type { Context, Model, QuantizeOptions, Stage } from '../stage.ts';
import { checkOptions } from '../train/options.ts';
import { calibrate } from './calibrate.ts';
import { withRecords } from './records.ts';

export { toFloat, toInteger } from '../run/integer.ts';
export { withRoundedWeights } from './records.ts';

export const quantizeSchema = v.object({
  weightBits: v.optional(v.picklist([4, 8]), 8),
  /** Other bits for the weights of single layers, by name. */
  layerBits: v.optional(v.record(v.string(), v.picklist([4, 8])), {}),
  activationBits: v.optional(v.picklist([8, 16]), 8),
  /** How the range of an activation is found from its histogram; `best` takes for each tensor whichever errs least. */
  calibrator: v.optional(v.picklist(['min-max', 'mse', 'percentile', 'best']), 'mse'),
  /** Of the train part, that ranges are measured on. */
  examples: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 512),
});

/**
 * Post-training quantization by TensorFlow Lite's scheme (Jacob et al., "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", 2018; TFLite's 8-bit quantization specification): ranges of all activations are measured on
 * examples of the train part (else validation), and a record is written beside every tensor. Weights stay float; symmetric, those of
 * convolutions with a scale for each output channel, of dense layers with one; activations asymmetric, 16-bit ones symmetric.
 *
 * @throws CompressError `bad-option` for options that cannot be; while it runs for a layer in `layerBits` that is not there, and `bad-data`
 *   without a train or validation part
 */
export function quantize(options: v.InferInput<typeof quantizeSchema> = {}): Stage {
  const checked = checkOptions(quantizeSchema, options, 'quantize');
  return { name: 'quantize', options: checked, run: async (model, context) => measureRanges(model, context, checked) };
}

/** Writes fresh records by `options`, or by the scheme in force. A model without a scheme and without options stays as it is. */
export function measureRanges(model: Model, { heap, data, seed }: Context, options?: QuantizeOptions): Model {
  const scheme = options ?? model.facts.quantize;
  if (!scheme) return model;
  if (!data)
    throw new CompressError('bad-data', 'quantize measures ranges on data, and there is none', 'add --data with a train part');
  const graph = foldActivations(foldNorms(toFloat(model.graph)));
  if (options) checkNames(graph, options.layerBits);
  const histograms = calibrate(heap, graph, data, scheme.examples, seed);
  return { graph: withRecords(heap, graph, histograms, scheme), facts: { ...model.facts, quantize: scheme } };
}

function checkNames({ nodes }: Graph, layerBits: QuantizeOptions['layerBits']): void {
  const known = nodes.filter(({ op }) => rowOf(op).trainable.includes(1)).map((n) => n.name);
  const stranger = Object.keys(layerBits).find((name) => !known.includes(name));
  if (stranger === undefined) return;
  const nearest = nearestNames(stranger, known).join('", "');
  throw new CompressError('bad-option', `there is no layer "${stranger}" with weights`, `the nearest names are "${nearest}"`);
}
