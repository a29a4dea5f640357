import { checksumsOf, type Dataset, isPaged, type Part, type Samples } from '../data/index.ts';
import { sha256 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import { graphDigest } from '../graph/digest.ts';
import type { Graph } from '../graph/graph.ts';

/** What a training was begun with: a checkpoint is continued only with the same. Networks and data by their sha256. */
export interface Identity {
  readonly purpose: string;
  readonly seed: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly teachers: readonly string[];
  readonly data: string;
  readonly unlabelled: string | null;
}

/** @throws CompressError `bad-option` naming the first thing that differs from what the checkpoint was begun with */
export function checkSame(begun: Identity, now: Identity): void {
  const refuse = (what: string): never => {
    throw new CompressError(
      'bad-option',
      `the checkpoint was begun with ${what}`,
      'give what it was begun with to continue, or name another file for the checkpoint',
    );
  };
  const text = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value));
  if (begun.purpose !== now.purpose) refuse(`${begun.purpose}, not ${now.purpose}`);
  for (const name of new Set([...Object.keys(begun.options), ...Object.keys(now.options)])) {
    const [before, after] = [text(begun.options[name]), text(now.options[name])];
    if (before !== after) refuse(`${name} ${before}, not ${after}`);
  }
  if (begun.seed !== now.seed) refuse(`seed ${begun.seed}, not ${now.seed}`);
  if (begun.model !== now.model) refuse('another model');
  if (begun.teachers.join() !== now.teachers.join()) refuse('another teacher');
  if (begun.data !== now.data) refuse('other data');
  if ((begun.unlabelled ?? null) !== now.unlabelled) refuse('other unlabelled data');
}

export async function identityOf(
  { purpose, seed, options }: { purpose: string; seed: number; options: object },
  model: Graph,
  teachers: readonly Graph[],
  data: Dataset,
  unlabelled: Dataset | null,
): Promise<Identity> {
  return {
    purpose,
    seed,
    options: JSON.parse(JSON.stringify(options)), // as JSON keeps them: without those that are undefined
    model: await graphDigest(model),
    teachers: await Promise.all(teachers.map(graphDigest)),
    data: await dataDigest(data),
    unlabelled: unlabelled && (await dataDigest(unlabelled)),
  };
}

/** Of what training sees: the train and validation parts and how they reach the model. */
export function dataDigest({ inputs, normalization, train, validation }: Dataset): Promise<string> {
  const values = (part: Part | null) => (part ? [...part.inputs.map(digested), ...(part.y ? [part.y] : [])] : []);
  const sizes = [train, validation].map((part) => [...(part?.inputs.map((x) => x.length) ?? []), part?.y?.length ?? 0]);
  return digest({ inputs, normalization, sizes }, [...values(train), ...values(validation)]);
}

const digested = (x: Samples): ArrayBufferView => (isPaged(x) ? checksumsOf(x) : x);

/** sha256 of JSON and of arrays after it. */
const digest = (json: unknown, arrays: readonly ArrayBufferView[]): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify(json)), ...arrays);
