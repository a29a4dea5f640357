/** One of those that are timed side by side; a call does the whole of the work that `units` counts. */
export interface Contender {
  readonly name: string;
  run(): unknown;
}

export interface Timing {
  readonly name: string;
  /** Milliseconds of one call: the median of all rounds, the fastest, and half the distance between the quartiles. */
  readonly median: number;
  readonly best: number;
  readonly spread: number;
}

/**
 * Times contenders in turn, round after round, so that whatever else the machine does falls on all of them alike.
 *
 * @param millis how long one contender works in one round, about
 */
export async function race(contenders: readonly Contender[], { rounds = 9, millis = 60 } = {}): Promise<Timing[]> {
  const calls: number[] = [];
  for (const { run } of contenders) {
    await run();
    const once = await time(run, 1);
    calls.push(Math.max(1, Math.round(millis / Math.max(once, 0.001))));
  }
  const seen: number[][] = contenders.map(() => []);
  for (let r = 0; r < rounds; r++) {
    for (let i = 0; i < contenders.length; i++) seen[i].push(await time(contenders[i].run, calls[i]));
  }
  return contenders.map(({ name }, i) => {
    const s = seen[i].sort((a, b) => a - b);
    const at = (q: number) => s[Math.floor(q * (s.length - 1))];
    return { name, median: at(0.5), best: s[0], spread: (at(0.75) - at(0.25)) / 2 };
  });
}

async function time(run: Contender['run'], calls: number): Promise<number> {
  const from = performance.now();
  for (let i = 0; i < calls; i++) {
    const pending = run();
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - from) / calls;
}
