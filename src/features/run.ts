/** A front end on the heap: samples in, features out, by integers. */
import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { type FrontEnd, shapeOf } from './front_end.ts';
import { type FeatureTable, rowOfStep } from './operators.ts';
import { planFrontEnd } from './plan.ts';

export interface CompiledFrontEnd {
  /** i16 [samples, channels] */
  readonly input: HeapTensor;
  /** i16, the shape of one example */
  readonly output: HeapTensor;
  readonly run: Step;
}

/** Places tables and memory once; running allocates nothing. */
export function compileFrontEnd(heap: Heap, front: FrontEnd): CompiledFrontEnd {
  const { samples, channels, frames, hop, width } = front;
  const plan = planFrontEnd(front);
  const input = heap.tensor('i16', [samples, channels]);
  const output = heap.tensor('i16', shapeOf(front));
  const places = plan.steps.map(({ tables }) => placed(heap, tables));
  let last = 0;
  const memory = plan.steps.map(({ bytes }) => {
    if (bytes) last = heap.alloc(bytes);
    return last;
  });
  const state = heap.tensor('i32', [Math.max(1, (channels * plan.stateBytes) / 4)]);
  const silence = new Int32Array(sizeOf(state.shape));
  const one = (f: number, c: number): Step[] => {
    let x = input.ptr + 2 * (f * hop * channels + c);
    const steps = plan.steps.map(({ step, arguments: given }, i) => {
      const y = memory[i];
      const numbers = given.map((g) =>
        g === 'state' ? state.ptr + c * plan.stateBytes : typeof g === 'object' ? places[i].get(g.table)! : g,
      );
      const run = rowOfStep(step.op).kernel(heap, y, x, numbers);
      x = y;
      return run;
    });
    const y = output.ptr + 2 * (f * channels + c) * width;
    const from = x;
    return [...steps, () => heap.wasm.store_s16(y, from, width, plan.shift)];
  };
  const all = Array.from({ length: frames }, (_, f) => Array.from({ length: channels }, (_, c) => one(f, c)).flat()).flat();
  const run = () => {
    if (plan.stateBytes) heap.write(state, silence);
    for (const step of all) step();
  };
  return { input, output, run };
}

function placed(heap: Heap, tables: Readonly<Record<string, FeatureTable>>): Map<string, number> {
  return new Map(
    Object.entries(tables).map(([name, { type, values }]) => {
      // 16 bits are the same with and without sign
      const signed = type === 'u16' ? values.map((v) => (v << 16) >> 16) : values;
      return [name, heap.tensor(type === 'i32' ? 'i32' : 'i16', [values.length], signed).ptr];
    }),
  );
}

/** Real samples as integers of 16 bits, halves up, cut to what they hold. */
export function toIntegers(samples: ArrayLike<number>, step: number, out: Int16Array): number {
  const scale = 2 ** -step;
  let cut = 0;
  for (let i = 0; i < out.length; i++) {
    const v = Math.floor(samples[i] * scale + 0.5);
    if (v < -32768 || v > 32768) cut++; // 1.0 of sound is 32767
    out[i] = Math.max(-32768, Math.min(32767, v));
  }
  return cut;
}

/**
 * Features of many examples as real numbers, exact multiples of 2^exponent.
 *
 * @param x [count, samples, channels]
 * @returns `cut`: samples beyond what 16 bits hold
 */
export function featuresOf(
  heap: Heap,
  front: FrontEnd,
  x: { subarray(from: number, to: number): ArrayLike<number> },
  count: number,
) {
  return heap.scope(() => {
    const compiled = compileFrontEnd(heap, front);
    const size = front.samples * front.channels;
    const each = sizeOf(shapeOf(front));
    const values = new Float32Array(count * each);
    const integers = new Int16Array(size);
    const unit = 2 ** front.exponent;
    let cut = 0;
    for (let i = 0; i < count; i++) {
      cut += toIntegers(x.subarray(i * size, (i + 1) * size), front.step, integers);
      heap.write(compiled.input, integers);
      compiled.run();
      const q = heap.read(compiled.output) as Int16Array;
      for (let k = 0; k < each; k++) values[i * each + k] = q[k] * unit;
    }
    return { values, cut };
  });
}
