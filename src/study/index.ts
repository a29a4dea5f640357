/** A study that survives its process, in Optuna's own formats: its tools open it as it is. */
import type { Json } from '../search/record.ts';
import { Study } from '../search/study.ts';
import type { StudyOptions } from '../search/study_options.ts';
import type { Storage } from './storage.ts';

export { type Artifacts, MemoryArtifacts } from './artifacts.ts';
export { MemoryStorage } from './memory.ts';
export type { Storage } from './storage.ts';

export interface OpenOptions extends Omit<StudyOptions, 'store'> {
  readonly storage: Storage;
  /** A storage may hold several studies. */
  readonly name: string;
  /** Go on with the study of this name; start it when there is none. Without: a study that exists is an error. */
  readonly resume?: boolean;
  /** Of what the trials do: raised when they come to other results than before, or keep other facts. A study of another version is not resumed. */
  readonly version?: number;
  /** Whatever else the trials depend on; kept with the study and compared when it is resumed. */
  readonly settings?: Readonly<Record<string, Json>>;
  /** Names of the objectives, for Optuna's displays. */
  readonly metricNames?: readonly string[];
}

/** Raised when samplers choose other trials than before from the same results: a study of another version is not resumed. */
const VERSION = 2;

/**
 * Opens a study on a storage; every change is kept before the study continues. A process that dies loses nothing but running trials: those
 * are handed out again, under their numbers and with their parameters, so that with `lag` the whole study is the one that was never
 * interrupted.
 *
 * @throws CompressError `exists`, `bad-option` as `checkFound`, and what the storage throws
 */
export async function openStudy(options: OpenOptions): Promise<Study> {
  const { storage, name, resume = false, version, settings = {}, metricNames = [], ...study } = options;
  const { directions = [study.direction ?? 'minimize'], seed = 0, lag } = study;
  const own = version === undefined ? VERSION : `${VERSION}.${version}`;
  const head = { directions, settings: { version: own, seed, lag: lag ?? null, ...settings }, metricNames };
  return new Study({ ...study, store: await storage.open(name, head, resume) });
}
