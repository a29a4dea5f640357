/** One of those that are timed side by side. */
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
 * @param clock  `cpu`: the processor time of this process (Node), which other work on the machine lengthens least. Not for a contender
 *               that works in another process or waits
 */
export async function race(
  contenders: readonly Contender[],
  { rounds = 9, millis = 60, clock = 'wall' }: { rounds?: number; millis?: number; clock?: 'wall' | 'cpu' } = {},
): Promise<Timing[]> {
  const now = clock === 'cpu' ? cpuMillis : () => performance.now();
  const calls: number[] = [];
  for (const { run } of contenders) {
    await run();
    const once = await time(run, 1, now);
    calls.push(Math.max(1, Math.round(millis / Math.max(once, 0.001))));
  }
  const seen: number[][] = contenders.map(() => []);
  for (let r = 0; r < rounds; r++) {
    for (let i = 0; i < contenders.length; i++) seen[i].push(await time(contenders[i].run, calls[i], now));
  }
  return contenders.map(({ name }, i) => {
    const s = seen[i].sort((a, b) => a - b);
    const at = (q: number) => s[Math.floor(q * (s.length - 1))];
    return { name, median: at(0.5), best: s[0], spread: (at(0.75) - at(0.25)) / 2 };
  });
}

function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function time(run: Contender['run'], calls: number, now: () => number): Promise<number> {
  const from = now();
  for (let i = 0; i < calls; i++) {
    const pending = run();
    if (pending instanceof Promise) await pending;
  }
  return (now() - from) / calls;
}
