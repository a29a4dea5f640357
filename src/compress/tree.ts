/**
 * The tree of candidates: what a study keeps of each trial, and how it reads it back. Models lie beside it by the digest of their content,
 * so that a trial that continues from another needs nothing but its number.
 */
import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import type { Json, TrialRecord } from '../search/record.ts';
import type { Progress } from '../stage.ts';
import type { MetricName } from '../task/index.ts';
import type { Figures } from './figures.ts';
import { type Goal, isFeasible } from './judge.ts';
import type { Stages } from './steps.ts';

const figuresSchema = v.object({
  flashBytes: v.number(),
  ramBytes: v.number(),
  latencyMs: v.number(),
  energyUj: v.nullable(v.number()),
  macs: v.number(),
  weightBytes: v.number(),
  accuracy: v.nullable(v.number()),
  quality: v.nullable(v.number()),
  score: v.nullable(v.number()),
});

const stagesSchema = v.array(v.looseObject({ stage: v.string() }));

/** A node and the artifact that holds its model. */
const nodeSchema = v.object({ stages: stagesSchema, model: v.string() });

/** What a study keeps of an ended trial beside its value: its user attributes, one a key. */
const factsSchema = v.object({
  state: v.picklist(['complete', 'failed']),
  /** The trial that it went on from; null where it started from the model as given. */
  from: v.nullable(v.number()),
  round: v.number(),
  /** Examples that its trainings saw, and their multiplications. */
  samples: v.number(),
  macs: v.number(),
  /** The plan it ended with, where a trial that continues from it starts. null for a given recipe. */
  plan: v.optional(v.nullable(v.looseObject({}))),
  /** Path of its candidate. */
  stages: stagesSchema,
  figures: v.optional(figuresSchema),
  /** Names of artifacts: the candidate as a file, and as a node to continue from. */
  file: v.optional(v.string()),
  model: v.optional(v.string()),
  /** The node that its last training began with. */
  walked: v.optional(nodeSchema),
  /** The best of its nodes that holds the goal as it is. */
  held: v.optional(nodeSchema),
  /** Of the score, held back for luck. */
  margin: v.optional(v.number()),
  /** Others of its nodes that need more and lose less. */
  spares: v.optional(
    v.array(v.object({ stages: stagesSchema, file: v.string(), figures: figuresSchema, margin: v.number(), value: v.number() })),
  ),
  /** Why it failed. */
  error: v.optional(v.string()),
});

export type TrialFacts = v.InferOutput<typeof factsSchema>;

/** Facts as user attributes. */
export const toUserAttrs = (facts: TrialFacts): Record<string, Json> => JSON.parse(JSON.stringify(facts));

/** The facts of a trial; null where it has none. @throws CompressError `bad-file` for attributes of another program or version */
export function factsOf({ number, userAttrs }: TrialRecord): TrialFacts | null {
  if (!userAttrs.has('state')) return null;
  const { success, output, issues } = v.safeParse(factsSchema, Object.fromEntries(userAttrs));
  if (success) return output;
  throw new CompressError(
    'bad-file',
    `trial ${number} of the study: ${v.getDotPath(issues[0]) ?? 'its attributes'}: ${issues[0].message}`,
    'begin a new study in another place',
  );
}

/** One trial that ended: its best candidate. */
export interface TrialReport {
  readonly number: number;
  readonly state: TrialFacts['state'];
  readonly from: number | null;
  readonly stages: Stages;
  /** Quality is that of the validation part. */
  readonly figures: Figures | null;
  /** What the search lowers. */
  readonly objective: number | null;
  /** Whether it fits and keeps the goal on the validation part even when its quality is a standard error too high there. */
  readonly feasible: boolean;
  /** Examples that its trainings saw. */
  readonly samples: number;
  /** Multiplications of its trainings. */
  readonly macs: number;
  /** Why it failed. */
  readonly failure?: string;
}

export interface CompressProgress {
  /** Training samples used, and the most there will be. */
  readonly done: number;
  readonly total: number;
  readonly best: TrialReport | null;
  /** By which it is judged. */
  readonly metric: MetricName;
  /** What each running trial is doing. */
  readonly running: readonly (Progress & { readonly trial: number })[];
}

/** As it stands in the study's journal, judged by what must fit and what must be kept. */
export function reportOf(t: TrialRecord, goal: Goal): TrialReport {
  const facts = factsOf(t);
  const figures = facts?.figures ?? null;
  return {
    number: t.number,
    state: facts?.state ?? 'failed',
    from: facts?.from ?? null,
    stages: facts?.stages ?? [],
    figures,
    objective: t.values?.[0] ?? null,
    feasible: figures !== null && isFeasible(figures, facts?.margin ?? 0, goal),
    samples: facts?.samples ?? 0,
    macs: facts?.macs ?? 0,
    ...(facts?.error && { failure: facts.error }),
  };
}

export const isEnded = (t: TrialRecord) => t.state !== 'running' && t.state !== 'waiting';

export const bestOf = (reports: readonly TrialReport[]): TrialReport | null =>
  reports.reduce<TrialReport | null>(
    (best, t) => (t.feasible && (best === null || t.objective! < best.objective!) ? t : best),
    null,
  );
