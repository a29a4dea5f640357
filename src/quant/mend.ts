import type { Graph } from '../graph/graph.ts';
import { toInteger } from '../run/integer.ts';
import { drawExamples, type Examples } from '../run/observe.ts';
import type { Context, QuantizationFacts, QuantizeOptions } from '../stage.ts';
import { withCorrectedBiases } from './bias_correction.ts';
import { equalized } from './equalize.ts';
import { answersOf, decibelText, outputError } from './output_error.ts';

/** Examples that a remedy is judged on. */
const EXAMPLES = 64;
/** Power of the error by that of the answers' spread from which `auto` tries remedies: answers are off by a twentieth. */
const TOO_MUCH = 0.0025;
/** Answers that are off by more than half their spread are no shift of means that a bias could take back. */
const NOISE = 0.25;
/** A remedy must lower the error to this part of it. */
const LOWERED = 0.9;

interface Remedy {
  readonly option: 'equalize' | 'biasCorrection';
  readonly name: string;
  /** Up to which error it can be one. */
  readonly below: number;
  /** The graph with records, remedied. */
  apply(records: Graph, examples: Examples): Graph;
}

/**
 * Remedies for what quantizing loses, each kept only where it lowers the error of the answers on calibration examples.
 *
 * @param float    the network without records
 * @param recorded writes fresh records
 */
export function mended(
  { heap, data, seed }: Context,
  float: Graph,
  options: QuantizeOptions,
  recorded: (float: Graph) => Graph,
): { readonly graph: Graph; readonly found: Pick<QuantizationFacts, 'outputError' | 'mended'> } {
  const examples = drawExamples(data!, EXAMPLES, seed, 'calibrate');
  const should = answersOf(heap, float, examples);
  const errorOf = (records: Graph) => outputError(answersOf(heap, toInteger(records), examples), should, examples.order.length);
  const remedies: Remedy[] = [
    {
      option: 'equalize',
      name: 'cross-layer equalization',
      below: Number.POSITIVE_INFINITY,
      apply: (g, on) => recorded(equalized(heap, g, on)),
    },
    { option: 'biasCorrection', name: 'bias correction', below: NOISE, apply: (g, on) => withCorrectedBiases(heap, g, on) },
  ];
  let graph = recorded(float);
  let error = errorOf(graph);
  const done: string[] = [];
  for (const { option, name, below, apply } of remedies) {
    if (options[option] === 'off' || error > below || (options[option] === 'auto' && !(error > TOO_MUCH))) continue;
    const next = apply(graph, examples);
    const after = errorOf(next);
    if (!(after < LOWERED * error)) continue;
    done.push(`${name}: error of the answers ${decibelText(error)} -> ${decibelText(after)}`);
    [graph, error] = [next, after];
  }
  return { graph, found: { outputError: error, mended: done } };
}
