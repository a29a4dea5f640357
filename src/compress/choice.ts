/** What a search hands back: the best of all candidates that its trials have left, by what is known of them and by a last check. */
import type { TrialRecord } from '../search/record.ts';
import type { Progress } from '../stage.ts';
import type { Checkable, LastCheck } from './check.ts';
import { COUNTED, type Emulated } from './emulated.ts';
import type { Figures } from './figures.ts';
import type { Goal } from './judge.ts';
import { isFeasible, worthOf } from './judge.ts';
import type { Kept } from './kept.ts';
import { firstOf, type Judged, narrowed } from './narrow.ts';
import type { Plain } from './prepare.ts';
import type { Stages } from './steps.ts';
import { factsOf, isEnded } from './tree.ts';
import { abortion } from './waiting.ts';

interface Choice {
  /** null: plain int8. */
  readonly trial: number | null;
  readonly stages: Stages;
  readonly figures: Figures;
  /** Name of the artifact; empty for plain int8. */
  readonly file: string;
  readonly value: number;
  readonly margin: number;
  readonly feasible: boolean;
}

/** Who has the last word, where there are such: counted instructions order the best candidates before the last check. */
export interface Judges {
  readonly check: LastCheck | null;
  readonly emulated: Emulated | null;
}

export interface Candidates {
  readonly records: readonly TrialRecord[];
  readonly plain: Plain;
  readonly goal: Goal;
  readonly kept: Kept;
}

/**
 * The best candidate that fits, keeps the goal on the validation part and holds in the last check. Where none holds there, the one that came
 * nearest to it; where none keeps the goal, the one that comes nearest, so that something is handed back. `together`: it was made again from all
 * examples.
 */
export async function choose(
  candidates: Candidates,
  { check, emulated }: Judges,
  tell: (p: Progress & { readonly trial: number }) => void,
  signal?: AbortSignal,
): Promise<{ choice: Checkable; together: boolean }> {
  const { plain, kept } = candidates;
  const modelled = rankedOf(candidates);
  const open = async ({ trial, stages, figures, file }: Choice): Promise<Checkable> => ({
    ...{ trial, stages, figures },
    tflite: trial === null ? plain.tflite : await kept.file(file, trial),
  });
  const ranked = emulated
    ? await recounted(modelled, candidates.goal, (c, i) => {
        tell({ what: 'counting on the emulated core', done: i, total: COUNTED, trial: c.trial ?? -1 });
        return open(c).then(({ tflite }) => emulated.figures(c.trial, tflite, c.figures));
      })
    : modelled;
  const feasible = ranked.filter((c) => c.feasible);
  if (!check || feasible.length === 0) return { choice: await open(ranked[0]), together: false };
  const stopped = abortion(signal);
  const telling = (what: string, trial: number | null) => (p: Progress) =>
    tell({ ...p, what: `${what}: ${p.what}`, trial: trial ?? -1 });
  const judge = async (choice: Choice): Promise<Judged<Checkable>> => {
    const candidate = await open(choice);
    const { holds, chance } = await Promise.race([check.judge(candidate, telling('last check', choice.trial)), stopped]);
    return { candidate, holds, chance };
  };
  const checked = await (check.most < feasible.length
    ? narrowed(feasible, check.most, judge, check.isCheap)
    : firstOf(feasible, judge));
  const made = await Promise.race([check.withAllExamples(checked, telling('with all examples', checked.trial)), stopped]);
  return { choice: made ?? checked, together: made !== null };
}

/** The same with the best of those that hold the goal ordered by counted figures; more are counted where none of them fits then. */
async function recounted(
  ranked: readonly Choice[],
  goal: Goal,
  figuresOf: (c: Choice, index: number) => Promise<Figures>,
): Promise<Choice[]> {
  const modelled = ranked.filter((c) => c.feasible);
  const counted: Choice[] = [];
  while (counted.length < modelled.length && (counted.length % COUNTED !== 0 || !counted.some((c) => c.feasible))) {
    const c = modelled[counted.length];
    const figures = await figuresOf(c, counted.length);
    counted.push({ ...c, figures, value: worthOf(figures, c.margin, goal), feasible: isFeasible(figures, c.margin, goal) });
  }
  const rest = ranked.filter((c) => !counted.some(({ file }) => file === c.file));
  return [...inOrder(counted), ...rest];
}

const inOrder = (choices: readonly Choice[]): Choice[] => {
  const order = ({ trial }: Choice) => trial ?? Number.POSITIVE_INFINITY;
  return [...choices].sort((a, b) => Number(b.feasible) - Number(a.feasible) || a.value - b.value || order(a) - order(b));
};

/** All candidates, the best first: those that hold the goal, then those that come near. */
function rankedOf({ records, plain, goal }: Candidates): Choice[] {
  const own = { ...plain, trial: null, file: '', feasible: isFeasible(plain.figures, plain.margin, goal) };
  const all = records.filter(isEnded).flatMap((record): Choice[] => {
    const facts = factsOf(record);
    if (!facts?.file) return [];
    const { stages, file, figures, margin, spares = [] } = facts;
    const best = { stages, file, figures: figures!, margin: margin!, value: record.values![0] };
    return [best, ...spares].map((c) => ({ ...c, trial: record.number, feasible: isFeasible(c.figures, c.margin, goal) }));
  });
  const sorted = inOrder([...all, own]);
  // Several trials may have come to the same network.
  return sorted.filter((c, i) => c.trial === null || sorted.findIndex(({ file }) => file === c.file) === i);
}
