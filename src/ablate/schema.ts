import * as v from 'valibot';
import { METRIC_NAMES } from '../task/index.ts';

const number = v.number();
const figure = v.nullable(number);

const run = v.object({
  seed: number,
  /** Training samples that were used. */
  samples: number,
  /** Bytes, ms, µJ; `quality` is that of the validation part. */
  figures: v.object({
    flashBytes: number,
    ramBytes: number,
    latencyMs: number,
    energyUj: figure,
    macs: number,
    weightBytes: number,
    accuracy: figure,
    quality: figure,
    score: figure,
  }),
  test: number,
  cost: number,
  order: v.optional(v.string()),
});

const range = v.object({ low: number, high: number, scheme: v.string() });

/** What `ablation.json` holds. */
export const ablationSchema = v.object({
  version: v.literal(1),
  kind: v.literal('ablation'),
  model: v.string(),
  data: v.string(),
  target: v.string(),
  metric: v.picklist(METRIC_NAMES),
  samples: number,
  seeds: v.array(number),
  examples: number,
  plain: run,
  given: v.object({ validation: number, test: number }),
  arms: v.array(
    v.object({
      arm: v.string(),
      source: v.optional(v.string()),
      runs: v.array(run),
      adaptive: v.nullable(
        v.object({ difference: number, low: number, high: number, verdict: v.picklist(['wins', 'loses', 'no difference']) }),
      ),
    }),
  ),
  interactions: v.nullable(
    v.object({
      ratio: number,
      kinds: v.array(
        v.object({
          kind: v.string(),
          macs: number,
          weights: number,
          float: number,
          integer: number,
          tensors: v.array(v.object({ tensor: v.string(), kind: v.picklist(['weights', 'activation']), error: number })),
          ranges: v.array(v.object({ tensor: v.string(), before: range, after: range, errorBefore: number, errorAfter: number })),
        }),
      ),
      recoveries: v.array(
        v.object({
          degree: number,
          teacher: v.string(),
          given: number,
          cut: number,
          distilled: number,
          examples: number,
          multiplications: number,
        }),
      ),
    }),
  ),
});
