import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import type { Json, TrialRecord } from '../search/record.ts';

const figuresSchema = v.object({
  flashBytes: v.number(),
  ramBytes: v.number(),
  latencyMs: v.number(),
  energyUj: v.nullable(v.number()),
  macs: v.number(),
  weightBytes: v.number(),
  accuracy: v.nullable(v.number()),
});

/** What a study keeps of an ended trial beside its value: its user attributes, one a key. */
const factsSchema = v.object({
  state: v.picklist(['complete', 'stopped', 'rejected', 'failed']),
  stages: v.array(v.looseObject({ stage: v.string() })),
  figures: v.optional(figuresSchema),
  /** Name of the artifact. */
  model: v.optional(v.string()),
  /** Accuracy held back for the standard error of the loss. */
  margin: v.optional(v.number()),
  /** Why it failed. */
  error: v.optional(v.string()),
});

export type TrialFacts = v.InferOutput<typeof factsSchema>;

/** Facts as user attributes. */
export const toUserAttrs = (facts: TrialFacts): Record<string, Json> => JSON.parse(JSON.stringify(facts));

/** The facts of a trial; null where it told none. @throws CompressError `bad-file` for attributes of another program or version */
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
