import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import { demand, type SchemaShape } from '../options/words.ts';
import { METRIC_NAMES } from '../task/index.ts';

const number = v.number();
const figure = v.nullable(number);

const ran = v.object({
  seed: number,
  /** Training samples that were used. */
  samples: number,
  /** Needs of the result: bytes, ms, µJ; `quality` is that of the validation part. */
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
  /** The arm that these figures are of, where this one only chooses another. */
  order: v.optional(v.string()),
});

/** One arm with one seed. */
const run = v.object({
  ...ran.entries,
  /** Whether the goal holds on the test part. */
  held: v.boolean(),
});

/** A finished run as it is kept, with what it is compared by. */
export const keptRunSchema = v.object({
  ...ran.entries,
  /** Of each test example, 1 where it is right and 0 where not; null for a task that does not count examples. */
  scores: v.nullable(v.array(number)),
  /** The score on all of the test part. */
  score: number,
  /** How many that it tried are kept beside it. */
  networks: v.optional(number),
});

/** Of one arm from another, with its 95 % interval. */
const interval = v.object({ difference: number, low: number, high: number });

/** Whether one arm beats another. */
const against = v.object({
  /** Less is better. */
  cost: interval,
  /** On the test part; more is better. */
  score: interval,
  /** `trade`: it costs less and answers worse, or the other way round. */
  verdict: v.picklist(['wins', 'loses', 'no difference', 'trade']),
});

const arm = v.object({
  arm: v.string(),
  /** Where it was recommended. */
  source: v.optional(v.string()),
  runs: v.array(run),
  /** The adaptive search against this arm; null for itself. */
  adaptive: v.nullable(against),
});

/** What rounding costs one tensor: the power of the error by that of its values. */
const tensorError = v.object({ tensor: v.string(), kind: v.picklist(['weights', 'activation']), error: number });

const range = v.object({ low: number, high: number, scheme: v.picklist(['symmetric', 'asymmetric']) });

/** One kind of pruning of a quantized network. */
const kindOfCut = v.object({
  kind: v.string(),
  /** Multiplications, and weights that are not zero, as a share of the network's. */
  macs: number,
  weights: number,
  /** The metric's value on the validation part, by floats and by integers. */
  float: number,
  integer: number,
  tensors: v.array(tensorError),
  /** How the cut moved ranges, which schemes were chosen then, and what that gained. */
  ranges: v.array(v.object({ tensor: v.string(), before: range, after: range, errorBefore: number, errorAfter: number })),
});

/** A degree of compression, and what one teacher won back. */
const recovery = v.object({
  /** Share of the channels that is cut. */
  degree: number,
  teacher: v.string(),
  /** The metric's value on the validation part: as given, after the cut, after distillation. */
  given: number,
  cut: number,
  distilled: number,
  examples: number,
  /** Of the student's passes and the teacher's answers. */
  multiplications: number,
});

/** What `interactions` hands back. */
export const interactionsSchema = v.object({
  /** Share that every kind of pruning cut. */
  ratio: number,
  kinds: v.array(kindOfCut),
  recoveries: v.array(recovery),
});

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
  /** The model as given and quantized plainly. */
  plain: run,
  given: v.object({ validation: number, test: number }),
  arms: v.array(arm),
  interactions: v.nullable(interactionsSchema),
});

export type Ablation = v.InferOutput<typeof ablationSchema>;
export type ArmRun = v.InferOutput<typeof run>;
export type KeptRun = v.InferOutput<typeof keptRunSchema>;
export type ArmResults = v.InferOutput<typeof arm>;
export type Interval = v.InferOutput<typeof interval>;
export type Against = v.InferOutput<typeof against>;
export type TensorError = v.InferOutput<typeof tensorError>;
export type KindOfCut = v.InferOutput<typeof kindOfCut>;
export type Recovery = v.InferOutput<typeof recovery>;
export type Interactions = v.InferOutput<typeof interactionsSchema>;

/** @throws CompressError `bad-file` for a file that is not whole */
export function parseKept<T>(
  schema: v.GenericSchema<unknown, T>,
  text: string,
  name: string,
  fix = 'delete it, and it is made again',
): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw new CompressError('bad-file', `"${name}" is damaged: ${(e as Error).message}`, fix);
  }
  const found = v.safeParse(schema, json);
  if (found.success) return found.output;
  const [issue] = found.issues;
  const what = `"${name}": ${v.getDotPath(issue) ?? 'the file'} ${demand(schema as SchemaShape, issue)}`;
  throw new CompressError('bad-file', what, fix);
}
