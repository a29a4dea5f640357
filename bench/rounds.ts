/** One of those that are timed side by side. */
export interface Contender {
  readonly name: string;
  run(): unknown;
  /** Processor time of the process that it works in, where that is another one. */
  readonly clock?: Clock;
}

/** Milliseconds since some moment. */
export type Clock = () => number | Promise<number>;

export interface Timing {
  readonly name: string;
  /** Milliseconds of one call: the median of all rounds, the fastest, and half the distance between the quartiles. */
  readonly median: number;
  readonly best: number;
  readonly spread: number;
}

/**
 * Times contenders in turn, round after round, so that other load of the machine falls on all of them alike.
 *
 * @param millis how long one contender works in one round, about
 * @param clock  processor time of those that have no clock of their own: other work on the machine lengthens it least. By default that of
 *               this process (Node)
 */
export async function race(
  contenders: readonly Contender[],
  { rounds = 9, millis = 60, clock = cpuMillis }: { rounds?: number; millis?: number; clock?: Clock } = {},
): Promise<Timing[]> {
  const calls: number[] = [];
  for (const { run, clock: own = clock } of contenders) {
    await run();
    calls.push(await callsFor(millis, run, own));
  }
  const seen: number[][] = contenders.map(() => []);
  for (let r = 0; r < rounds; r++) {
    for (const [i, { run, clock: own = clock }] of contenders.entries()) seen[i].push(await time(run, calls[i], own));
  }
  return contenders.map(({ name }, i) => {
    const s = seen[i].sort((a, b) => a - b);
    const at = (q: number) => s[Math.floor(q * (s.length - 1))];
    return { name, median: at(0.5), best: s[0], spread: (at(0.75) - at(0.25)) / 2 };
  });
}

/** How many calls take about this long; reading the clock takes time too, so few calls measure little. */
async function callsFor(millis: number, run: Contender['run'], clock: Clock): Promise<number> {
  for (let calls = 1; ; calls *= 4) {
    const taken = calls * (await time(run, calls, clock));
    if (taken >= millis / 4) return Math.max(1, Math.round((millis * calls) / taken));
  }
}

export function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function time(run: Contender['run'], calls: number, now: Clock): Promise<number> {
  const from = await now();
  for (let i = 0; i < calls; i++) {
    const pending = run();
    if (pending instanceof Promise) await pending;
  }
  return ((await now()) - from) / calls;
}
