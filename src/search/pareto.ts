/** Points are losses: smaller is better in every coordinate. */
export type Point = readonly number[];

/** Whether `a` is nowhere worse than `b` and somewhere better. */
export function dominates(a: Point, b: Point): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] > b[i]) return false;
    if (a[i] < b[i]) better = true;
  }
  return better;
}

/** Non-domination ranks: indices of the points that none dominates, then of those that only the former dominate, and so on. */
export function ranks(
  points: readonly Point[],
  better: (i: number, j: number) => boolean = (i, j) => dominates(points[i], points[j]),
): number[][] {
  const n = points.length;
  const worse: number[][] = points.map(() => []);
  const above = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if (better(i, j)) {
        worse[i].push(j);
        above[j]++;
      } else if (better(j, i)) {
        worse[j].push(i);
        above[i]++;
      }
    }
  }
  const result: number[][] = [];
  let rank = points.map((_, i) => i).filter((i) => above[i] === 0);
  while (rank.length > 0) {
    result.push(rank);
    const next: number[] = [];
    for (const i of rank) for (const j of worse[i]) if (--above[j] === 0) next.push(j);
    rank = next.sort((a, b) => a - b);
  }
  return result;
}

/** Volume of the box between `p` and the reference; 0 when `p` is not inside. */
function boxVolume(p: Point, reference: Point): number {
  let volume = 1;
  for (let i = 0; i < p.length; i++) volume *= Math.max(0, reference[i] - p[i]);
  return volume;
}

const nonDominated = (points: readonly Point[]): Point[] =>
  points.filter((p, i) => !points.some((q, j) => dominates(q, p) || (j < i && q.every((v, k) => v === p[k]))));

/** Volume that `p` dominates and `others` do not: its box less the hypervolume of the others moved into that box. */
function exclusiveVolume(p: Point, others: readonly Point[], reference: Point): number {
  const inside = others.map((q) => q.map((v, i) => Math.max(v, p[i])));
  return boxVolume(p, reference) - hypervolume(inside, reference);
}

/**
 * Volume dominated by the points, up to the reference, in the units of the objectives multiplied.
 * Source: While, Bradstreet and Barone, "A Fast Way of Calculating Exact Hypervolumes", 2012 (two objectives: by sweeping).
 *
 * @param points    losses: smaller is better in every coordinate; what lies beyond the reference counts for nothing
 * @param reference as many coordinates as each point has
 */
export function hypervolume(points: readonly Point[], reference: Point): number {
  const inside = points.filter((p) => p.every((v, i) => v < reference[i]));
  if (reference.length === 2) return area(inside, reference);
  const front = nonDominated(inside).sort((p, q) => q[0] - p[0]);
  let volume = 0;
  for (let i = 0; i < front.length; i++) volume += exclusiveVolume(front[i], front.slice(i + 1), reference);
  return volume;
}

function area(points: Point[], reference: Point): number {
  points.sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  let total = 0;
  let ceiling = reference[1];
  for (const [x, y] of points) {
    if (y >= ceiling) continue;
    total += (reference[0] - x) * (ceiling - y);
    ceiling = y;
  }
  return total;
}

/**
 * `count` of the points with a large hypervolume together: greedily the one that adds most. What a point adds only shrinks as others are
 * chosen, so an old figure is an upper bound and most need not be computed again.
 * @returns indices in order of choice
 */
export function largestSubset(points: readonly Point[], count: number): number[] {
  const usable = points.map((_, i) => i).filter((i) => points[i].every(Number.isFinite));
  const rest = points.map((_, i) => i).filter((i) => !usable.includes(i));
  const reference = referencePoint(usable.map((i) => points[i]));
  const bound = points.map((p, i) => (usable.includes(i) ? boxVolume(p, reference) : 0));
  const chosen: number[] = [];
  while (chosen.length < count && usable.length > 0) {
    const selected = chosen.map((i) => points[i]);
    usable.sort((a, b) => bound[b] - bound[a] || a - b);
    let best = -1;
    for (const i of usable) {
      if (best >= 0 && bound[i] <= bound[best]) break;
      bound[i] = exclusiveVolume(points[i], selected, reference);
      if (best < 0 || bound[i] > bound[best]) best = i;
    }
    chosen.push(best);
    usable.splice(usable.indexOf(best), 1);
  }
  return [...chosen, ...rest].slice(0, count);
}

/** The volume that each point dominates and no other does; 0 for a point that is not finite. */
export function contributions(points: readonly Point[]): number[] {
  const usable = points.filter((p) => p.every(Number.isFinite));
  const reference = referencePoint(usable);
  return points.map((p) => {
    if (!p.every(Number.isFinite)) return 0;
    const others = usable.filter((q) => q !== p);
    return Math.max(0, exclusiveVolume(p, others, reference));
  });
}

/** A little beyond the worst value of every objective. */
function referencePoint(points: readonly Point[]): number[] {
  if (points.length === 0) return [];
  return points[0].map((_, i) => {
    const worst = Math.max(...points.map((p) => p[i]));
    return Math.max(1.1 * worst, 0.9 * worst) || 1e-12;
  });
}

/** NSGA-II's crowding distance: per objective the gap between the two neighbours, relative to the range; ends are infinitely far. */
export function crowding(points: readonly Point[]): number[] {
  const distance = points.map(() => 0);
  const order = points.map((_, i) => i);
  for (let k = 0; k < (points[0]?.length ?? 0); k++) {
    order.sort((a, b) => points[a][k] - points[b][k] || a - b);
    const last = order.length - 1;
    const range = points[order[last]][k] - points[order[0]][k];
    distance[order[0]] = Number.POSITIVE_INFINITY;
    distance[order[last]] = Number.POSITIVE_INFINITY;
    for (let i = 1; i < last; i++) {
      if (range > 0 && Number.isFinite(range)) distance[order[i]] += (points[order[i + 1]][k] - points[order[i - 1]][k]) / range;
    }
  }
  return distance;
}
