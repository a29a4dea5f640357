/** Which candidates a last check looks at, and in what order. */

/** What a check said of a candidate. */
export interface Judged<T> {
  readonly candidate: T;
  readonly holds: boolean;
  readonly chance: number;
}

/** The first that holds, else the one that comes nearest to it. */
export async function firstOf<C, T>(ranked: readonly C[], judge: (c: C) => Promise<Judged<T>>): Promise<T> {
  let best: Judged<T> | null = null;
  for (const choice of ranked) {
    const judged = await judge(choice);
    if (judged.holds) return judged.candidate;
    if (!best || judged.chance > best.chance) best = judged;
  }
  return best!.candidate;
}

/** Of the way in value, at least and at most, from one that does not hold to one that does. */
const WAY = [0.1, 0.5] as const;

/**
 * Where a check is dear, few are looked at: the best, and where it does not hold, one on the way in value to the worst, and so on between the
 * best that holds and one that does not: half way, or nearer to one that nearly held. After each, those whose check costs little now, up to the
 * first that holds. The worst, plain int8 most often, comes last, where none held.
 */
export async function narrowed<C extends { readonly value: number }, T>(
  ranked: readonly C[],
  most: number,
  judge: (c: C) => Promise<Judged<T>>,
  isCheap: (c: C) => boolean = () => false,
): Promise<T> {
  let best = null as Judged<T> | null;
  let [below, above] = [ranked[0].value, ranked[ranked.length - 1].value];
  let next: C | undefined = ranked[0];
  const between = () => ranked.filter((c) => c.value > below && c.value < above);
  let way: number = WAY[1];
  const look = async (c: C) => {
    const judged = await judge(c);
    if (judged.holds) above = c.value;
    else below = c.value;
    way = judged.holds ? WAY[1] : Math.max(WAY[0], WAY[1] - judged.chance);
    // One that holds needs less than those that held before it.
    if (judged.holds || !best || (!best.holds && judged.chance > best.chance)) best = judged;
  };
  for (let left = most; next && left > 0; left--) {
    await look(next);
    for (let cheap = between().find(isCheap); cheap; cheap = between().find(isCheap)) await look(cheap);
    const middle = below + way * (above - below);
    next = between().find((c) => c.value >= middle) ?? between().at(-1);
  }
  if (best?.holds) return best.candidate;
  const last = await judge(ranked[ranked.length - 1]);
  return last.holds || last.chance > best!.chance ? last.candidate : best!.candidate;
}
