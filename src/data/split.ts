/** Stratified splits: every class, and every run of overlapping windows or group as a whole, is divided among the parts by the same fractions. */
import { sizeOf } from '../graph/graph.ts';
import { createRandom, permutation } from '../random.ts';
import type { Part } from './dataset.ts';
import { classesOf, mayRepeat } from './labels.ts';
import { kindOf, numbersBetween } from './paged.ts';

/**
 * Places of examples for each fraction, ascending. Examples of one class are shuffled and dealt to the part that lacks most.
 * Windows cut from one signal with half of each shared with the next (as UCI HAR's) stay together: apart, one part would leak into the other.
 * They are in the order of time, so the parts follow each other in time too, within each class: later ones are of other days or persons, as what the
 * network will meet. Labels that are no classes divide nothing.
 *
 * @param shape     of one example
 * @param fractions one for each part, summing to 1
 */
export function splitStratified(part: Part, shape: readonly number[], fractions: readonly number[], seed: number): Int32Array[] {
  const classes = strataOf(part);
  if (part.groups) return splitGroups(part.groups, classes, fractions, seed);
  const runs = runsOfWindows(part, shape, classes);
  const inTime = runs.length - 1 < part.count;
  const byClass = new Map<number, number[]>();
  for (let r = 0; r + 1 < runs.length; r++) {
    const label = classes ? classes[runs[r]] : 0;
    const list = byClass.get(label);
    if (list) list.push(r);
    else byClass.set(label, [r]);
  }
  const chosen = fractions.map(() => [] as number[]);
  const random = createRandom(seed, 'data/split');
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    const list = byClass.get(label)!;
    const order = inTime ? list.keys() : permutation(list.length, random);
    const total = list.reduce((n, r) => n + runs[r + 1] - runs[r], 0);
    const lacks = fractions.map((f) => f * total);
    for (const i of order) {
      const [from, to] = [runs[list[i]], runs[list[i] + 1]];
      const open = inTime ? lacks.findIndex((n) => n > (to - from) / 2) : -1;
      const best = open >= 0 ? open : lacks.indexOf(Math.max(...lacks));
      lacks[best] -= to - from;
      for (let e = from; e < to; e++) chosen[best].push(e);
    }
  }
  return chosen.map((places) => Int32Array.from(places).sort());
}

/** Groups as a whole: each goes where its classes lack most. Larger ones first, in a seeded order. */
function splitGroups(groups: Int32Array, classes: Int32Array | null, fractions: readonly number[], seed: number): Int32Array[] {
  const totals = new Map<number, number>();
  const members = new Map<number, number[]>();
  groups.forEach((group, i) => {
    const label = classes?.[i] ?? 0;
    totals.set(label, (totals.get(label) ?? 0) + 1);
    const list = members.get(group);
    if (list) list.push(i);
    else members.set(group, [i]);
  });
  const lists = [...members.values()];
  const order = [...permutation(lists.length, createRandom(seed, 'data/split'))].sort(
    (a, b) => lists[b].length - lists[a].length,
  );
  const lacks = fractions.map((f) => new Map([...totals].map(([label, n]) => [label, f * n])));
  const chosen = fractions.map(() => [] as number[]);
  for (const g of order) {
    const labels = lists[g].map((i) => classes?.[i] ?? 0);
    const need = lacks.map((lack) => labels.reduce((n, label) => n + lack.get(label)! / totals.get(label)!, 0));
    const best = need.indexOf(Math.max(...need));
    for (const label of labels) lacks[best].set(label, lacks[best].get(label)! - 1);
    chosen[best].push(...lists[g]);
  }
  return chosen.map((places) => Int32Array.from(places).sort());
}

/** The class of each example; null where labels are not classes, or there is hardly one example of each. */
export function strataOf(part: Part): Int32Array | null {
  const classes = classesOf(part);
  return classes && mayRepeat(new Set(classes).size, part.count) ? classes : null;
}

/** First places of runs, and the count at the end: consecutive windows [time, channels] of one class whose halves coincide. */
function runsOfWindows({ inputs: [x], count }: Part, shape: readonly number[], classes: Int32Array | null): Int32Array {
  const size = sizeOf(shape);
  const windows = shape.length === 2 && shape[0] % 2 === 0 && kindOf(x) !== 'u1';
  const joined = (i: number) => {
    if (!windows || (classes && classes[i] !== classes[i - 1])) return false;
    const two = numbersBetween(x, (i - 1) * size, (i + 1) * size);
    for (let k = 0; k < size / 2; k++) if (two[size + k] !== two[size / 2 + k]) return false;
    return true;
  };
  const starts = [0];
  for (let i = 1; i < count; i++) if (!joined(i)) starts.push(i);
  return Int32Array.from([...starts, count]);
}
