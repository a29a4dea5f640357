/** A front end's steps with their tables, numbers and places: what the engine runs and generated C repeats. */
import type { FrontEnd, FrontEndStep } from './front_end.ts';
import { type FeatureArgument, type FeatureTable, type Flow, rowOfStep } from './operators.ts';

export interface PlannedStep {
  readonly step: FrontEndStep;
  readonly arguments: readonly FeatureArgument[];
  readonly tables: Readonly<Record<string, FeatureTable>>;
  readonly out: Flow;
  /** 0 where the output takes the place of the input. */
  readonly bytes: number;
  readonly stateBytes?: number;
}

export interface FrontEndPlan {
  readonly steps: readonly PlannedStep[];
  /** Bytes that are kept of a channel from frame to frame. */
  readonly stateBytes: number;
  /** Bits that the last step's numbers are shifted by to become features. */
  readonly shift: number;
}

export function planFrontEnd(front: FrontEnd): FrontEndPlan {
  const steps: PlannedStep[] = [];
  let flow: Flow = { count: front.frame, exponent: front.step };
  for (const step of front.steps) {
    const planned = rowOfStep(step.op).plan(flow, step, front);
    steps.push({ step, ...planned });
    flow = planned.out;
  }
  const stateBytes = steps.reduce((n, s) => n + (s.stateBytes ?? 0), 0);
  return { steps, stateBytes, shift: front.exponent - flow.exponent };
}

/** Features of one example by the definition, in float64. @param samples real values [samples, channels] */
export function definedFeatures(front: FrontEnd, samples: ArrayLike<number>): Float64Array {
  const { frames, hop, frame, channels, width } = front;
  const out = new Float64Array(frames * channels * width);
  const states = Array.from({ length: channels }, () => new Float64Array(planFrontEnd(front).stateBytes / 4));
  for (let f = 0; f < frames; f++) {
    for (let c = 0; c < channels; c++) {
      let x: Float64Array = Float64Array.from({ length: frame }, (_, n) => samples[(f * hop + n) * channels + c]);
      for (const step of front.steps) x = rowOfStep(step.op).define(x, step, front, states[c]);
      out.set(x, (f * channels + c) * width);
    }
  }
  return out;
}
