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

/** A network with records. */
export interface Recorded {
  readonly graph: Graph;
  /** With weights and biases as they were before they were rounded by what layers answer; the same graph where they were not. */
  readonly unrounded: Graph;
}

interface Remedy {
  readonly option: 'equalize' | 'biasCorrection';
  readonly name: string;
  /** Up to which error it can be one. */
  readonly below: number;
  apply(records: Recorded, examples: Examples): Recorded;
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
  recorded: (float: Graph) => Recorded,
): { readonly records: Recorded; readonly found: Pick<QuantizationFacts, 'outputError' | 'mended'> } {
  const examples = drawExamples(data!, EXAMPLES, seed, 'calibrate');
  const should = answersOf(heap, float, examples);
  const errorOf = ({ graph }: Recorded) =>
    outputError(answersOf(heap, toInteger(graph), examples), should, examples.order.length);
  const remedies: Remedy[] = [
    {
      option: 'equalize',
      name: 'cross-layer equalization',
      below: Number.POSITIVE_INFINITY,
      apply: ({ unrounded }, on) => recorded(equalized(heap, unrounded, on)),
    },
    {
      option: 'biasCorrection',
      name: 'bias correction',
      below: NOISE,
      apply: ({ graph, unrounded }, on) => {
        const corrected = withCorrectedBiases(heap, graph, on);
        return { graph: corrected, unrounded: graph === unrounded ? corrected : unrounded };
      },
    },
  ];
  let records = recorded(float);
  let error = errorOf(records);
  const done: string[] = [];
  for (const { option, name, below, apply } of remedies) {
    if (options[option] === 'off' || error > below || (options[option] === 'auto' && !(error > TOO_MUCH))) continue;
    const next = apply(records, examples);
    const after = errorOf(next);
    if (!(after < LOWERED * error)) continue;
    done.push(`${name}: error of the answers ${decibelText(error)} -> ${decibelText(after)}`);
    [records, error] = [next, after];
  }
  return { records, found: { outputError: error, mended: done } };
}
