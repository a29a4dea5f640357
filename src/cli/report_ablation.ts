/** An ablation as a part of the report: it lies beside the history, or is brought there. */
import { join } from 'node:path';
import type { Ablation } from '../ablate/index.ts';
import { CompressError } from '../errors.ts';
import type { History, Html } from '../report/index.ts';
import { exists, readBytes, writeWhole } from './files.ts';

const NAME = 'ablation.json';

/** The room brings all others with it, and most results have no ablation beside them. */
const room = () => import('../ablate/index.ts');

/** What lies in the folder of a result; null where nothing does. */
export async function ablationIn(folder: string): Promise<Html | null> {
  const file = join(folder, NAME);
  if (!(await exists(file))) return null;
  const { found } = await read(file);
  return (await room()).ablationPart(found);
}

/**
 * Brings an ablation into the folder of a result.
 *
 * @param place a folder that `ablate` wrote, or its ablation.json
 * @throws CompressError `bad-option` where it is of another job
 */
export async function bringAblation(place: string, folder: string, history: History): Promise<void> {
  const { found, bytes } = await read(place.endsWith('.json') ? place : join(place, NAME));
  const pairs = [
    ['the model', found.model, history.title],
    ['the chip', found.target, history.target.name],
    ['the metric', found.metric, history.metric ?? 'accuracy'],
  ];
  for (const [what, its, ours] of pairs)
    if (its !== ours)
      throw new CompressError(
        'bad-option',
        `"${place}" is of another job than "${folder}": ${what} is ${its} there and ${ours} here`,
        'give the ablation of the same model, chip and metric',
      );
  await writeWhole(join(folder, NAME), bytes, 'folder');
}

async function read(file: string): Promise<{ found: Ablation; bytes: Uint8Array }> {
  const bytes = await readBytes(file, 'the ablation');
  const { ablationSchema, parseKept } = await room();
  const fix = 'give the ablation.json that `thumbnet ablate` wrote';
  return { bytes, found: parseKept(ablationSchema, new TextDecoder().decode(bytes), file, fix) };
}
