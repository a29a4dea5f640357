/** A study that other processes take part in: where it is, and what they are given by way of it. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Deserializer, Serializer } from 'node:v8';
import type { CompressOptions, CompressResult, FrontEndChoice, Goal } from '../compress/index.ts';
import type { Dataset } from '../data/index.ts';
import { sha256 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import type { Model } from '../stage.ts';
import { FolderArtifacts } from '../study/file.ts';
import type { Artifacts } from '../study/index.ts';
import { PostgresStorage, type SharedStudy, type Terms } from '../study/postgres/storage.ts';
import { S3Artifacts } from '../study/s3.ts';
import { type OwnTarget, registerTarget } from '../targets/index.ts';
import { kernelsDigest } from '../wasm/load.ts';
import { pluginsIn } from './plugins.ts';
import { reason } from './reason.ts';
import { ownTargetOf } from './target_names.ts';
import { VERSION } from './version.ts';

/** A study in a database. */
export interface SharedPlace {
  readonly storage: PostgresStorage;
  /** Of the study. */
  readonly name: string;
  readonly artifacts: Artifacts;
  /** Where the artifacts are; null: in the database. */
  readonly at: string | null;
}

/** All that a worker must know of a compression, and what its results are called. */
export interface SharedTask {
  readonly model: Model;
  readonly data: Dataset;
  readonly options: CompressOptions;
  readonly teachers: readonly Model[];
  readonly unlabelled: readonly Dataset[];
  /** Where it was chosen. */
  readonly frontEnd: FrontEndChoice | null;
  /** A chip that was described in a file. */
  readonly chip: OwnTarget | null;
  readonly title: string;
  readonly command: string;
}

/** What this process is known by among those that work on a study. */
export const openStorage = (address: string, threads: number): PostgresStorage =>
  new PostgresStorage(address, { host: hostname(), process: process.pid, threads });

/**
 * Studies of a database that have trials left, the oldest first.
 *
 * @param only of this name
 * @returns null where there is no such study at all
 */
export async function openStudies(storage: PostgresStorage, only: string | undefined): Promise<SharedStudy[] | null> {
  const all = (await storage.isPrepared()) ? await storage.studies(only) : [];
  return all.length ? all.filter(({ isOver, leftMs }) => !isOver && (leftMs === null || leftMs > 0)) : null;
}

/** Where the models of trials are, by the URL that a study was begun with. @throws CompressError `bad-option` */
export function artifactsAt(url: string | null, storage: PostgresStorage): Artifacts {
  if (url === null) return storage.artifacts;
  const [, kind] = /^(file|s3):\/\//.exec(url) ?? [];
  if (kind === 'file') return new FolderArtifacts(fileURLToPath(url));
  if (kind === 's3') return new S3Artifacts(url, process.env);
  throw new CompressError(
    'bad-option',
    `--artifacts ${url} is no place`,
    'give file:///FOLDER that all hosts share, or s3://BUCKET/PREFIX',
  );
}

/** What this process is, of what must be the same in all that take trials. @throws CompressError for a plugin that cannot be read */
export async function ownTerms(): Promise<Terms> {
  const digests: string[] = [];
  for (const url of pluginsIn(process.argv)) {
    try {
      digests.push(await sha256(await readFile(new URL(url))));
    } catch (e) {
      throw new CompressError('bad-option', `the plugin ${url} cannot be read: ${reason(e)}`, 'check the path');
    }
  }
  return { version: VERSION, kernels: await kernelsDigest(), plugins: digests.sort() };
}

/** Keeps a task. Its files are no business of other hosts. */
export function putTask(artifacts: Artifacts, task: Omit<SharedTask, 'chip'>): Promise<string> {
  const alone = (data: Dataset): Dataset => ({ ...data, sourceFiles: [] });
  const { frontEnd } = task;
  const before = frontEnd?.before && { ...frontEnd.before, data: alone(frontEnd.before.data) };
  return artifacts.put(
    packed({
      ...task,
      data: alone(task.data),
      unlabelled: task.unlabelled.map(alone),
      frontEnd: frontEnd && { ...frontEnd, data: alone(frontEnd.data), before: before ?? null },
      chip: ownTargetOf(task.options.target),
    } satisfies SharedTask),
  );
}

/** Reads a task, and makes its chip known. @throws CompressError `bad-file` where it is gone */
export async function getTask(artifacts: Artifacts, study: SharedStudy): Promise<SharedTask> {
  const task = (await content(artifacts, study, study.task)) as SharedTask;
  if (task.chip) registerTarget(task.chip);
  return task;
}

export const putGoal = (artifacts: Artifacts, goal: Goal): Promise<string> => artifacts.put(packed(goal));
export const getGoal = async (artifacts: Artifacts, study: SharedStudy): Promise<Goal> =>
  (await content(artifacts, study, study.goal)) as Goal;

/** What a study came to, for `thumbnet report`. */
export async function keepResult({ storage, name, artifacts }: SharedPlace, result: CompressResult): Promise<void> {
  await storage.keepResult(name, await artifacts.put(packed(result)));
  await storage.end(name);
}

export const getResult = async (artifacts: Artifacts, study: SharedStudy): Promise<CompressResult | null> =>
  study.result === null ? null : ((await content(artifacts, study, study.result)) as CompressResult);

/** As threads are given it: typed arrays and numbers to the last bit. */
function packed(value: unknown): Uint8Array {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

function unpacked(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

async function content(artifacts: Artifacts, { name }: SharedStudy, digest: string): Promise<unknown> {
  const bytes = await artifacts.get(digest);
  if (bytes) return unpacked(bytes);
  throw new CompressError(
    'bad-file',
    `the study "${name}" lacks a content that it names (${digest})`,
    'begin it anew, or bring back the folder or bucket that it was begun with',
  );
}
