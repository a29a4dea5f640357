/** Teachers and examples from outside: a stage names them by what they hold, so that its recipe means the very same ones. */
import * as v from 'valibot';
import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { graphDigest } from '../graph/digest.ts';
import type { Model } from '../stage.ts';
import { dataDigest } from '../train/identity.ts';

/** Something outside a recipe. */
export const outsideSchema = v.strictObject({
  /** The name of its file or folder, for people. */
  file: v.string(),
  /** Of what it holds as it is read: structure and weights of a network, examples and how they reach the model. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export type Outside = v.InferOutput<typeof outsideSchema>;

/** How options name a network, as `distill`'s `teacher`: give the network itself by `Context.teachers`. */
export const teacherNamed = async (file: string, { graph }: Model): Promise<Outside> => ({
  file,
  sha256: await once(graph, graphDigest),
});

/** How options name examples, as `distill`'s `unlabelled`: give them by `Context.unlabelled`. */
export const unlabelledNamed = async (file: string, data: Dataset): Promise<Outside> => ({
  file,
  sha256: await once(data, dataDigest),
});

/** @throws CompressError `bad-file` where it is not among those given */
export async function outsideTeacher(wanted: Outside, teachers: readonly Model[] = []): Promise<Model> {
  for (const model of teachers) if ((await once(model.graph, graphDigest)) === wanted.sha256) return model;
  throw missing('the teacher', wanted, teachers.length, '--teacher');
}

/** @throws CompressError `bad-file` where they are not among those given */
export async function outsideExamples(wanted: Outside, given: readonly Dataset[] = []): Promise<Dataset> {
  for (const data of given) if ((await once(data, dataDigest)) === wanted.sha256) return data;
  throw missing('the unlabelled data', wanted, given.length, '--unlabelled');
}

function missing(what: string, { file, sha256 }: Outside, given: number, flag: string): CompressError {
  const short = `${sha256.slice(0, 12)}...`;
  return given
    ? new CompressError(
        'bad-file',
        `${what} "${file}" holds something else than when it was named (sha256 ${short})`,
        `give the same by ${flag}, read in the same way`,
      )
    : new CompressError('bad-file', `${what} "${file}" is not given (sha256 of what it holds: ${short})`, `name it by ${flag}`);
}

const known = new WeakMap<object, Promise<string>>();

function once<T extends object>(thing: T, digest: (thing: T) => Promise<string>): Promise<string> {
  const found = known.get(thing) ?? digest(thing);
  known.set(thing, found);
  return found;
}

/**
 * Examples of a dataset without their labels, as stages take them: all of a source without parts, else its train part. Nothing of a test
 * part is used.
 *
 * @throws CompressError `bad-data` where there are none
 */
export function withoutLabels(data: Dataset): Dataset {
  const { train, validation, test } = data;
  const part = train ?? (validation ? null : test);
  if (!part)
    throw new CompressError('bad-data', `${data.name} has no train part`, 'give examples without parts, or with a train part');
  return { ...data, train: { ...part, y: null }, validation: null, test: null };
}
