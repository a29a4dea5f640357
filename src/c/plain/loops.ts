/** Distance in elements from one index of each axis to the next. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/** Elements of an operand from one index of each axis of `shape` to the next: 0 where its dimension of 1, or a missing one, repeats. */
export function broadcastStrides(from: readonly number[], shape: readonly number[]): number[] {
  const missing = shape.length - from.length;
  const strides = stridesOf(from);
  return shape.map((_, i) => (i < missing || from[i - missing] === 1 ? 0 : strides[i - missing]));
}

/** An array that is walked beside others: its distance from index to index of each axis. */
export interface Walked {
  readonly strides: readonly number[];
  readonly start?: number;
}

/**
 * Loops over all indices of `shape`, outermost first, around `body`, which is given the place in each array. Neighbouring axes that all
 * arrays walk as one become one loop.
 */
export function nest(shape: readonly number[], arrays: readonly Walked[], body: (places: readonly string[]) => string): string {
  const dims: number[] = [];
  const steps: number[][] = [];
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const own = arrays.map((a) => a.strides[axis]);
    const last = steps.length - 1;
    if (last >= 0 && own.every((s, k) => steps[last][k] === s * n)) {
      dims[last] *= n;
      steps[last] = own;
    } else {
      dims.push(n);
      steps.push(own);
    }
  });
  const places = arrays.map((a, k) => {
    const terms = dims.flatMap((_, i) => (steps[i][k] === 0 ? [] : [steps[i][k] === 1 ? `i${i}` : `(i${i} * ${steps[i][k]})`]));
    const start = a.start ? [String(a.start)] : [];
    return [...start, ...terms].join(' + ') || '0';
  });
  const open = dims.map((n, i) => `for (int32_t i${i} = 0; i${i} < ${n}; i${i}++) {`);
  return `${open.join('\n')}\n${body(places)}\n${dims.map(() => '}').join('\n')}`;
}
