import { type Dataset, inputsOf, type Part, planBatch, takeBatch } from '../data/index.ts';
import { type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import { type PlacedOperand, rowOf } from '../ops/index.ts';
import { createRandom, type Random } from '../random.ts';
import { isBatchable } from '../run/compile.ts';
import { feed } from '../run/feed.ts';
import { withLogits } from '../run/logits.ts';
import { unrolled } from '../run/unrolled.ts';
import { compileTraining, type TrainingProgram } from '../train/program.ts';
import { copy } from '../wasm/copy.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { projectedDifferenceF32 } from '../wasm/stats.ts';
import { logitsOf } from './logits.ts';

/** Other values of some constants of a graph, of the same shapes, by their numbers. */
export type Variant = ReadonlyMap<number, Tensor>;

const BATCH = 16;
/** Sums of the logits whose gradients are taken, a power of two. Up to this many logits are kept apart exactly. */
const SUMS = 2;

/**
 * How much each variant of a graph alone changes its logits on the examples of `part`: the mean square of the change as a share of their
 * variance, to first order; of several outputs each in its own unit, so that all count alike. Each layer with other constants is run on what it reads in the graph as it is, and what its outputs change is
 * carried to the logits by their gradient: a few passes backward serve all variants, so that the time grows with the depth and not with its
 * square. The gradients are those of sums of the logits with random signs (Hutchinson, 1990), orthogonal to each other.
 */
export function changesOf(
  heap: Heap,
  given: Graph,
  variants: readonly Variant[],
  data: Dataset,
  part: Part,
  seed: number,
): number[] {
  const plan = planBatch(data, inputsOf(given));
  const graph = unrolled(withLogits(given), plan.calls);
  const random = createRandom(seed, 'sensitivity/signs');
  const changed = new Float64Array(variants.length);
  const logits: number[] = [];
  const units = graph.outputs.length > 1 ? unitsOf(heap, given, data, part) : [{ mean: 0, spread: 1 }];
  const size = isBatchable(graph) ? BATCH : 1;
  for (const [first, last] of runsOf(part.count, size)) {
    heap.scope(() => {
      const batch = Math.min(size, last - first);
      const run = measuring(heap, graph, variants, units, batch, random);
      for (let at = first; at < last; at += batch) {
        feed(
          heap,
          run.program.inputs,
          takeBatch(
            plan,
            part,
            Array.from({ length: batch }, (_, i) => at + i),
          ),
        );
        run.pass().forEach((values, o) => {
          for (const v of values) logits.push((v - units[o].mean) / units[o].spread);
        });
        run.changes().forEach((change, v) => {
          changed[v] += change;
        });
      }
    });
  }
  const mean = logits.reduce((sum, v) => sum + v, 0) / logits.length;
  const variance = logits.reduce((sum, v) => sum + (v - mean) ** 2, 0) || 1;
  return Array.from(changed, (change) => change / variance);
}

/** Mean and standard deviation of an output's logits. */
interface LogitUnit {
  readonly mean: number;
  readonly spread: number;
}

const unitsOf = (heap: Heap, graph: Graph, data: Dataset, part: Part): LogitUnit[] =>
  logitsOf(heap, graph, data, part).map(({ values, mean, squares }) => ({
    mean,
    spread: Math.sqrt(squares / values.length) || 1,
  }));

/** Whole batches, and what is left. */
function runsOf(count: number, batch: number): [first: number, last: number][] {
  const whole = count - (count % batch);
  return (
    [
      [0, whole],
      [whole, count],
    ] as [number, number][]
  ).filter(([first, last]) => last > first);
}

interface Measuring {
  readonly program: TrainingProgram;
  /** Runs the batch that lies in the program's inputs forward and backward; the logits of each output. */
  pass(): Float32Array[];
  /** For each variant the sum over the batch of the squared change along the signs. */
  changes(): number[];
}

function measuring(
  heap: Heap,
  graph: Graph,
  variants: readonly Variant[],
  units: readonly LogitUnit[],
  batch: number,
  random: Random,
): Measuring {
  const affected = variants.map((v) => graph.nodes.filter((node) => node.inputs.some((t) => v.has(t))));
  const taps = [...new Set(affected.flat().flatMap((node) => node.outputs))];
  const program = compileTraining(heap, graph, batch, { taps, of: 'taps' });
  const ends = program.outputs.map(({ value, gradient }, o) => {
    const signs = Array.from({ length: SUMS }, () => new Float32Array(sizeOf(value.shape)));
    return { value, gradient, signs, unit: units[o] };
  });
  const along = Array.from({ length: SUMS }, (_, k): Along => {
    const gradients = program.taps.map((tap) => heap.tensor('f32', tap.value.shape));
    const keep = program.taps.map((tap, i) => copy(heap, gradients[i], tap.gradient!));
    return { k, keep, sums: heap.tensor('f32', [batch]), gradientOf: new Map(taps.map((t, i) => [t, gradients[i]])) };
  });
  const results = new Map<Node, readonly PlacedOperand[]>();
  const steps = variants.map((variant, v) =>
    affected[v].flatMap((node) => stepsOf(heap, program, node, variant, along, results)),
  );
  return {
    program,
    pass() {
      program.forward();
      for (const { signs, value, unit } of ends) drawSigns(signs, value.shape.at(-1)!, 1 / unit.spread, random);
      for (const { k, keep } of along) {
        for (const tap of [...program.outputs, ...program.taps]) if (tap.gradient) heap.clear(tap.gradient);
        for (const { gradient, signs } of ends) if (gradient) heap.write(gradient, signs[k]);
        program.backward();
        for (const step of keep) step();
      }
      return ends.map(({ value }) => heap.read(value) as Float32Array);
    },
    changes: () =>
      steps.map((own) => {
        for (const { sums } of along) heap.clear(sums);
        for (const step of own) step();
        const squares = along.map(({ sums }) => (heap.read(sums) as Float32Array).reduce((total, s) => total + s * s, 0));
        return squares.reduce((total, s) => total + s, 0) / SUMS;
      }),
  };
}

/** Random signs of every logit, in `SUMS` orthogonal patterns (Walsh's), of one size. */
function drawSigns(signs: readonly Float32Array[], logits: number, size: number, random: Random): void {
  for (let i = 0; i < signs[0].length; i++) {
    const sign = random.bits() & 1 ? size : -size;
    for (let k = 0; k < SUMS; k++) {
      const both = (i % logits) & k;
      signs[k][i] = ((both >> 1) ^ both) & 1 ? -sign : sign;
    }
  }
}

/** One of the sums of logits. */
interface Along {
  readonly k: number;
  /** Keeps the gradients that the last pass has left. */
  readonly keep: readonly Step[];
  /** f32 [batch]: by how much it changes. */
  readonly sums: HeapTensor;
  /** By tensor. */
  readonly gradientOf: ReadonlyMap<number, HeapTensor>;
}

/**
 * Runs a node with a variant's constants, and adds what that changes along each sum.
 *
 * @param results outputs of each node with other constants: one variant after another has them
 */
function stepsOf(
  heap: Heap,
  { operands }: TrainingProgram,
  node: Node,
  variant: Variant,
  along: readonly Along[],
  results: Map<Node, readonly PlacedOperand[]>,
): Step[] {
  const place = (t: number): PlacedOperand => {
    const other = variant.get(t);
    return other ? { ...operands[t], data: other.data, ptr: heap.tensor('f32', other.shape, other.data).ptr } : operands[t];
  };
  const x = node.inputs.map((t) => (t < 0 ? null : place(t)));
  const y = results.get(node) ?? node.outputs.map((t) => ({ ...operands[t], ptr: heap.tensor('f32', operands[t].shape).ptr }));
  results.set(node, y);
  const { forward, saves } = rowOf(node.op).float!;
  const shapes = x.map((o) => o?.shape ?? null);
  const saved = saves?.(shapes, node.attrs).map((shape) => heap.tensor('f32', shape)) ?? [];
  const run = forward(heap, { x, y, attrs: node.attrs, training: false, draws: null, saved });
  const project = node.outputs.flatMap((t, i) =>
    along.map(({ sums, gradientOf }) => projectedDifferenceF32(heap, sums, y[i], operands[t], gradientOf.get(t)!)),
  );
  return [run, ...project];
}
