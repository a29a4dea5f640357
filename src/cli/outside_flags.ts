/** Teachers and examples without labels that are named on the command line. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { type DataOptions, type Dataset, inputsOf, isOnePart, planBatch } from '../data/index.ts';
import { type Outside, TEACHERS, teacherNamed, unlabelledNamed, withoutLabels } from '../distill/index.ts';
import type { Context, Model } from '../stage.ts';
import { readModel } from './files.ts';
import { type DataFlags, readData } from './flags.ts';
import type { Output } from './output.ts';

export interface OutsideFlags {
  readonly teacher?: string | readonly string[];
  readonly unlabelled?: string | readonly string[];
}

export type Given = Required<Pick<Context, 'teachers' | 'unlabelled'>>;

/** What was named, and how options name it. */
export interface NamedOutside extends Given {
  readonly options: { readonly teacher?: Outside; readonly unlabelled?: Outside };
}

/** For verbs that take several of each. */
export const outsideFlags = (command: Command, why: string): Command =>
  command
    .option('--teacher <file>', `a model file ${why}`, repeated)
    .option('--unlabelled <path>', `examples without labels ${why}, read as --data is`, repeated);

/** A list of what a flag was given with, one after another. */
export const repeated = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

const listOf = (given: string | readonly string[] | undefined): readonly string[] =>
  given === undefined ? [] : typeof given === 'string' ? [given] : given;

/** Reads the files that flags name. @throws CompressError that names the file */
export async function readOutside(
  flags: OutsideFlags & DataFlags,
  model: Model,
  out: Output,
  { labels: _, ...defaults }: Partial<DataOptions> = {},
): Promise<NamedOutside> {
  const files = listOf(flags.teacher).filter((name) => !TEACHERS.some((t) => t === name));
  const teachers: Model[] = [];
  for (const file of files) teachers.push(await readModel(file));
  const unlabelled: Dataset[] = [];
  for (const data of listOf(flags.unlabelled)) {
    const quiet: Output = { ...out, say: () => {} };
    const read = await readData({ ...flags, data }, model, quiet, { whole: true, defaults });
    unlabelled.push(withoutLabels(read));
    planBatch(read, inputsOf(model.graph));
    const { count } = unlabelled[unlabelled.length - 1].train!;
    out.say(`unlabelled data: ${read.name}, ${count} examples${isOnePart(read) ? '' : ' of its train part'}`);
  }
  const options = {
    ...(teachers.length && { teacher: await teacherNamed(basename(files[files.length - 1]), teachers[teachers.length - 1]) }),
    ...(unlabelled.length && {
      unlabelled: await unlabelledNamed(basename(listOf(flags.unlabelled).at(-1)!), unlabelled.at(-1)!),
    }),
  };
  return { teachers, unlabelled, options };
}
