import { CompressError, nearestNames } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { byWholeNames, shortName } from '../graph/names.ts';
import { withoutConversions } from '../run/edges.ts';
import { toFloat } from '../run/integer.ts';
import { layerOf } from '../run/layers.ts';
import { foldActivations } from '../simplify/activation.ts';
import { foldAffine } from '../simplify/affine.ts';
import { foldNorms } from '../simplify/norm.ts';
import { type Context, defineStage, type Model, type QuantizeOptions } from '../stage.ts';
import { calibrate, computedTensors } from './calibrate.ts';
import { rangeChanges } from './changes.ts';
import { explainQuantization } from './explain.ts';
import { type ApartInput, inputsApart, withScaledInputs } from './input_scaling.ts';
import { mended } from './mend.ts';
import { withRecords } from './records.ts';
import { withLearnedRounding } from './rounding.ts';
import { quantizeSchema } from './schema.ts';
import { anyScale } from './weights.ts';
import { withConversions } from './widths.ts';

export { toFloat, toInteger } from '../run/integer.ts';
export { type Calibrator, registerCalibrator } from './calibrators.ts';
export type { Histogram } from './range.ts';
export { withRoundedWeights } from './records.ts';

/**
 * Post-training quantization by TensorFlow Lite's scheme (Jacob et al., "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", 2018; TFLite's 8-bit quantization specification): ranges of all activations are measured on
 * examples of the train part (else validation), and a record is written beside every tensor. Weights stay float; symmetric, those of
 * convolutions with a scale for each output channel, of dense layers with one; activations asymmetric, 16-bit ones symmetric.
 *
 * @throws CompressError `bad-option` for options that cannot be; while it runs for a layer in `layerBits` that is not there, and `bad-data`
 *   without a train or validation part
 */
export const quantize = defineStage({
  name: 'quantize',
  about: 'post-training quantization to int8',
  options: quantizeSchema,
  trains: false,
  keepsRanges: true,
  needsData: true,
  outline: (model, options, context) => outlineRanges(model, context, options),
  run: (model, options, context) => measureRanges(model, context, options),
});

/**
 * Writes fresh records by `options`, or by the scheme in force. A model without a scheme and without options stays as it is. Only with options
 * are losses mended: a float network whose biases were corrected already is no reference to correct them by.
 */
export function measureRanges(model: Model, context: Context, options?: QuantizeOptions): Model {
  const { heap, data, seed } = context;
  const given = options ?? model.facts.quantize;
  if (!given) return model;
  const scheme = options ? withWholeNames(model.graph, options) : given;
  if (!data)
    throw new CompressError('bad-data', 'quantize measures ranges on data, and there is none', 'add --data with a train part');
  const { graph, apart } = preparedForRecords(model, scheme, context, options && scheme);
  const nearest = (g: Graph) => withRecords(heap, g, calibrate(heap, g, data, scheme.examples, seed), scheme);
  const rangesOf = (g: Graph) => calibrate(heap, g, data, scheme.examples, seed);
  const known = model.facts.quantize !== undefined;
  const changesTo = (g: Graph) => (known ? { rangeChanges: rangeChanges(model.graph, g, rangesOf(graph)) } : {});
  if (!options) {
    const again = nearest(graph);
    return { graph: again, facts: { ...model.facts, quantize: scheme, ...changesTo(again) } };
  }
  const rounding = { ...roundingOf(scheme), data, seed };
  const recorded = (g: Graph) => {
    const unrounded = nearest(g);
    return { graph: withLearnedRounding(heap, unrounded, rounding), unrounded };
  };
  const { records, found } = mended(context, graph, scheme, recorded);
  const { graph: quantized, unrounded } = records;
  const explanation = scheme.explain && { explanation: explainQuantization(heap, quantized, data, seed, unrounded) };
  const quantization = {
    ...found,
    ...explanation,
    mended: [
      ...apart.map(({ cause }) => `${cause}; it stays float32 and is scaled feature by feature before it is rounded`),
      ...found.mended,
    ],
  };
  const facts = {
    ...model.facts,
    quantize: scheme,
    quantization,
    ...(unrounded !== quantized && { unrounded }),
    ...changesTo(quantized),
  };
  return { graph: quantized, facts };
}

/** How weights are rounded, and of how many bits those are of which it is worth it. */
const roundingOf = ({ rounding }: QuantizeOptions): { rounding: QuantizeOptions['rounding']; bits: readonly number[] } =>
  rounding === 'auto' ? { rounding: 'learned', bits: [4] } : { rounding, bits: [4, 8] };

/** The same records with any range in the place of what is measured, and any scale of weights. */
export function outlineRanges(model: Model, context: Context, options?: QuantizeOptions): Model {
  const given = options ?? model.facts.quantize;
  if (!given) return model;
  const scheme = options ? withWholeNames(model.graph, options) : given;
  const { graph } = preparedForRecords(model, scheme, context, options && scheme);
  const histograms = new Map(computedTensors(graph).map((t) => [t, ANY_RANGE]));
  const records = withRecords(context.heap, graph, histograms, { ...scheme, calibrator: 'min-max' }, anyScale);
  return { graph: records, facts: { ...model.facts, quantize: scheme, isOutline: true } };
}

const ANY_RANGE = { low: -1, high: 1, counts: [1] };

/** The float graph that gets records: what layers can absorb is absorbed, and inputs that no scale holds are scaled. */
function preparedForRecords(
  model: Model,
  scheme: QuantizeOptions,
  { data, seed }: Context,
  options: QuantizeOptions | undefined,
): { readonly graph: Graph; readonly apart: readonly ApartInput[] } {
  const graph = foldAffine(foldActivations(foldNorms(withoutConversions(toFloat(model.graph)))));
  if (options) checkNames(graph, { ...options.layerBits, ...options.layerActivationBits });
  const apart = data && scheme.scaleInputs ? inputsApart(graph, data, scheme, seed) : [];
  return { graph: withConversions(withScaledInputs(graph, apart), scheme), apart };
}

/** Layers by their whole names, where the short ones that are shown were given. */
function withWholeNames({ nodes }: Graph, options: QuantizeOptions): QuantizeOptions {
  const { layerBits, layerActivationBits } = options;
  const known = nodes.filter(layerOf).map((n) => n.name);
  if (Object.keys({ ...layerBits, ...layerActivationBits }).every((name) => known.includes(name))) return options;
  return {
    ...options,
    layerBits: byWholeNames(layerBits, known),
    layerActivationBits: byWholeNames(layerActivationBits, known),
  };
}

function checkNames({ nodes }: Graph, layerBits: Readonly<Record<string, number>>): void {
  const known = nodes.filter(layerOf).map((n) => n.name);
  const unknown = Object.keys(layerBits).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const nearest = nearestNames(unknown, known).map(shortName).join('", "');
  throw new CompressError('bad-option', `there is no layer "${unknown}" with weights`, `the nearest names are "${nearest}"`);
}
