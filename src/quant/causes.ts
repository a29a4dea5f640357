import { type Graph, indexAlong, type Node, type Quantization, type Tensor } from '../graph/graph.ts';
import { shortName } from '../graph/names.ts';
import { channelCount } from '../run/channels.ts';
import type { Cause } from '../run/losses.ts';
import { short } from './input_scaling.ts';
import { channelStatistics, type ChannelStatistics } from './statistics.ts';

/** A channel that spans fewer steps is lost, if another spans this many times as many. */
const [FEW_STEPS, TIMES] = [16, 8];
const CLIPPED = 0.01;
/** Range by standard deviation, from which few values take most of the range. */
const FAR = 30;

/** Of a layer's output, or an input. */
export function activationCause({ name, shape, quant }: Tensor, values: Float64Array, isInput: boolean): Cause {
  const { scales, zeros, bits } = quant!;
  const step = scales[0];
  const [low, high] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1].map((q) => step * (q - zeros[0]));
  const channels = channelStatistics(values, channelCount(shape));
  const steps = channels.map((c) => (c.high - c.low) / step);
  const fewest = steps.reduce((a, s, c) => (channels[c].variance > 0 && (steps[a] === 0 || s < steps[a]) ? c : a), 0);
  const most = steps.reduce((a, s, c) => (s > steps[a] ? c : a), 0);
  const is = (kind: Cause['kind'], what: string, fix: string): Cause => ({ tensor: name, kind, what: `"${name}" ${what}`, fix });
  const range = (c: number) => `${short(channels[c].low)}..${short(channels[c].high)}`;
  const all = channels.reduce((w, c) => ({ low: Math.min(w.low, c.low), high: Math.max(w.high, c.high) }), { low: 0, high: 0 });
  const whole = (all.high - all.low) / step;
  if (whole < 2 ** bits / TIMES) {
    const what = `spans ${short(whole)} of ${2 ** bits} steps: its scale of ${short(step)} is that of larger tensors that it is joined with`;
    return is(
      'shared',
      what,
      isInput ? 'give both in one unit (--scale, --mean, --std), or leave out --no-scale-inputs' : '--activation-bits 16',
    );
  }
  const offset = channels.findIndex(
    (c, i) => steps[i] < FEW_STEPS && Math.max(Math.abs(c.low), Math.abs(c.high)) > TIMES * (c.high - c.low),
  );
  if (steps[fewest] > 0 && steps[fewest] < FEW_STEPS && (steps[most] > TIMES * steps[fewest] || offset >= 0)) {
    const span = `${short(steps[fewest])} of ${2 ** bits} steps`;
    if (isInput) {
      const beside = `feature ${most === fewest ? offset : most} runs over ${range(most === fewest ? offset : most)}`;
      const what = `has features in different units: feature ${fewest} (${range(fewest)}) spans ${span}, as ${beside}`;
      return is('features', what, 'scale each feature (--mean, --std), or leave out --no-scale-inputs');
    }
    const what = `has channels of very different size: channel ${fewest} (${range(fewest)}) spans ${span}, channel ${most} ${short(steps[most])} (${range(most)})`;
    return is('channels', what, '--equalize on, or --layer-activation-bits NAME=16 for the layers around it');
  }
  const clipped = values.reduce((n, v) => (v < low - step || v > high + step ? n + 1 : n), 0) / Math.max(1, values.length);
  if (clipped > CLIPPED) {
    const what = `is clipped: ${short(100 * clipped)} % of its values are beyond ${short(low)}..${short(high)}`;
    return is('clipped', what, '--calibrator min-max, or more --examples');
  }
  const deviation = deviationOf(channelStatistics(values, 1)[0]);
  const times = (high - low) / deviation;
  if (times > FAR) {
    const what = `has a range ${short(times)} times its standard deviation (${short(low)}..${short(high)} against ${short(deviation)}): few values take most of the steps`;
    return is('outliers', what, '--calibrator percentile, or --activation-bits 16');
  }
  return is('bits', `in ${bits} bits (steps of ${short(step)})`, bits === 8 ? '--activation-bits 16' : 'finetune --qat learned');
}

/** Of a layer's weights. */
export function weightCause({ tensors }: Graph, { name, inputs }: Node, t: number, input: Float64Array | undefined): Cause {
  const { data, shape, quant, name: tensor } = tensors[t];
  const { bits, axis } = quant as Quantization;
  const is = (kind: Cause['kind'], what: string, fix: string): Cause => ({ tensor, kind, what: `"${tensor}" ${what}`, fix });
  if (axis === null && shape.length > 1) {
    const unit = indexAlong(shape, 0);
    const largest = new Float64Array(shape[0]);
    (data as Float32Array).forEach((w, i) => {
      largest[unit(i)] = Math.max(largest[unit(i)], Math.abs(w));
    });
    const steps = largest.map((v) => v / quant!.scales[0]);
    const fewest = steps.reduce((a, s, u) => (s > 0 && s < steps[a] ? u : a), 0);
    if (steps[fewest] < FEW_STEPS / 2) {
      const what = `has one scale for units of very different size: unit ${fewest} spans ${short(steps[fewest])} of ${2 ** (bits - 1) - 1} steps`;
      return is('units', what, '--equalize on, or finetune --qat learned');
    }
  }
  const x = input ? channelStatistics(input, channelCount(tensors[inputs[0]].shape)) : [];
  const far = x.filter((c) => Math.abs(c.mean) > TIMES * deviationOf(c));
  if (far.length) {
    const most = far.reduce((a, c) => (Math.abs(c.mean) > Math.abs(a.mean) ? c : a));
    const what = `multiplies "${tensors[inputs[0]].name}", of which a channel has a mean of ${short(most.mean)} and a standard deviation of ${short(deviationOf(most))}: the mean multiplies what rounding the weights costs`;
    return is('offset', what, 'centre the input (--mean), or leave out --no-scale-inputs');
  }
  if (bits === 4) return is('bits', 'in 4 bits', `--layer-bits "${shortName(name)}=8", or finetune --qat learned`);
  return is('bits', `in ${bits} bits`, 'finetune --qat learned');
}

const deviationOf = ({ variance }: ChannelStatistics): number => Math.sqrt(variance);
