import { to4d } from './check.ts';

type Four = [number, number, number, number];

/**
 * One walk over `shape` for several operands: neighbouring axes that all operands walk evenly become one, and what remains must fit
 * four axes. `strides` in elements of 4 bytes; the result's strides are in bytes.
 */
export function walk(shape: readonly number[], strides: readonly (readonly number[])[]): { dims: Four; strides: Four[] } {
  const dims: number[] = [];
  const steps: number[][] = strides.map(() => []);
  shape.forEach((n, i) => {
    if (n === 1) return;
    const at = dims.length - 1;
    if (at >= 0 && strides.every((s, k) => steps[k][at] === s[i] * n)) {
      dims[at] *= n;
      for (let k = 0; k < steps.length; k++) steps[k][at] = strides[k][i];
    } else {
      dims.push(n);
      for (let k = 0; k < steps.length; k++) steps[k].push(strides[k][i]);
    }
  });
  return { dims: to4d(dims), strides: steps.map((s) => [0, 0, 0, 0, ...s].slice(-4).map((n) => n * 4) as Four) };
}
