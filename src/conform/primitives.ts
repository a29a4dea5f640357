import type { Heap } from '../wasm/heap.ts';
import type { Runner } from './case.ts';

/** A fixed-point primitive over tables: `fields` are its arguments in order. */
const table =
  (fields: readonly string[], kernelOf: (wasm: Heap['wasm']) => (...args: number[]) => void): Runner =>
  (c) => {
    const x = fields.map((name) => c.tensor(name));
    const y = c.heap.tensor('i32', x[0].shape);
    kernelOf(c.heap.wasm)(y.ptr, ...x.map((t) => t.ptr), x[0].shape[0]);
    return { output: c.heap.read(y) };
  };

const scaled = ['val', 'multiplier', 'shift'];

export const PRIMITIVES: Readonly<Record<string, Runner>> = {
  requantize: table(scaled, (w) => w.requantize_each as never),
  requantize_s64: table(scaled, (w) => w.requantize_s64_each as never),
  doubling_high_mult: table(['a', 'b'], (w) => w.doubling_high_mult_each as never),
  doubling_high_mult_no_sat: table(['a', 'b'], (w) => w.doubling_high_mult_no_sat_each as never),
  divide_by_power_of_two: table(['a', 'b'], (w) => w.divide_by_power_of_two_each as never),
  exp_on_negative_values: table(['a'], (w) => w.exp_on_negative_values_each as never),
  one_over_one_plus_x: table(['a'], (w) => w.one_over_one_plus_x_each as never),
};
