import { cosPi } from '../elementary.ts';
import { CompressError } from '../errors.ts';

export type Schedule = 'constant' | 'cosine' | 'one-cycle' | 'step';

export interface ScheduleOptions {
  readonly schedule: Schedule;
  /** Steps that raise the rate linearly from 0, as a fraction of all. */
  readonly warmup: number;
}

/**
 * Learning rate as a fraction of the peak, at `step` of `steps` (from 0).
 *
 * cosine: half a cosine down to 0. one-cycle: a cosine up over the first 30 % from 1/25, then down to 1/1000 (Smith and Topin, 2018).
 * step: a tenth after half of the steps, a hundredth after three quarters.
 */
export function rateAt(step: number, steps: number, { schedule, warmup }: ScheduleOptions): number {
  const rising = Math.round(warmup * steps);
  if (step < rising) return (step + 1) / (rising + 1);
  const t = steps > rising ? (step - rising) / (steps - rising) : 1;
  switch (schedule) {
    case 'constant':
      return 1;
    case 'cosine':
      return 0.5 * (1 + cosPi(t));
    case 'one-cycle':
      return t < 0.3 ? 1 + (1 / 25 - 1) * 0.5 * (1 + cosPi(t / 0.3)) : 0.001 + 0.999 * 0.5 * (1 + cosPi((t - 0.3) / 0.7));
    case 'step':
      return t < 0.5 ? 1 : t < 0.75 ? 0.1 : 0.01;
    default:
      throw new CompressError('bad-option', `"${schedule}" is not a schedule`, 'choose constant, cosine, one-cycle or step');
  }
}
