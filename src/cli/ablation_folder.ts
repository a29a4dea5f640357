/** The folder of an ablation: whose it is, and what another one may take of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Job, namesChip } from '../ablate/index.ts';
import { sha256 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import { graphDigest } from '../graph/digest.ts';
import { dataDigest } from '../train/identity.ts';
import { exists, isEmpty, makeFolder, writeWhole } from './files.ts';

export interface Identity {
  readonly job: string;
  /** The same for every chip; null where the objective names something of a chip. */
  readonly anyChip: string | null;
}

export async function identityOf({ model, data, options }: Job, samples: number): Promise<Identity> {
  const tested = await dataDigest({ ...data, train: data.test, validation: null });
  const digests = [await graphDigest(model.graph), await dataDigest(data), tested];
  const of = (asked: object) => sha256(new TextEncoder().encode([...digests, JSON.stringify(asked), String(samples)].join('\n')));
  const { target: _target, ...rest } = options;
  return { job: await of(options), anyChip: namesChip(options) ? null : await of(rest) };
}

/** @throws CompressError `bad-option` where nothing of the folder can be taken */
export async function checkReused(folder: string, { anyChip }: Identity): Promise<void> {
  if (anyChip === null)
    throw new CompressError(
      'bad-option',
      '--reuse takes what was made for another chip, and the objective names flash, RAM, latency or energy of this one',
      'give an objective of weights, macs and quality, or leave --reuse away',
    );
  const bytes = await readIn(folder, 'job.json');
  const before = bytes && identityIn(new TextDecoder().decode(bytes));
  if (!before)
    throw new CompressError('bad-option', `"${folder}" is no ablation`, 'give --reuse the folder that `thumbnet ablate` wrote');
  if (before.anyChip !== anyChip)
    throw new CompressError(
      'bad-option',
      `"${folder}" holds an ablation of another model, data, goal, objective or number of samples`,
      'give --reuse the folder of the same command for another --target',
    );
}

export const readIn = async (folder: string, name: string): Promise<Uint8Array | null> =>
  (await exists(join(folder, name))) ? new Uint8Array(await readFile(join(folder, name))) : null;

/** Runs of another job are never taken for those of this one. */
export async function openFolder(folder: string, identity: Identity, { options }: Job, samples: number): Promise<void> {
  const file = join(folder, 'job.json');
  if (await exists(file)) {
    if (identityIn(await readFile(file, 'utf8'))?.job === identity.job) return;
    throw new CompressError('exists', `"${folder}" holds an ablation of another model, data or options`, 'choose another --out');
  }
  if (!(await isEmpty(folder, () => false)))
    throw new CompressError('exists', `"${folder}" exists already and is no ablation`, 'choose another --out');
  await makeFolder(folder);
  await writeWhole(file, `${JSON.stringify({ version: 1, ...identity, options, samples })}\n`);
}

function identityIn(text: string): Partial<Identity> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
