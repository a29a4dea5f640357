import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { NetworkMemory } from '../graph/same.ts';
import type { Program } from '../run/compile.ts';
import { drawExamples, type Observer, observe } from '../run/observe.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { histogramF32, minMaxF32 } from '../wasm/stats.ts';
import type { Histogram, Range } from './range.ts';
import { ownStates, placesOfStates } from './recurrent.ts';

const BINS = 2048;

/**
 * Runs `examples` of the train part through a float graph; hands over the histogram of every computed tensor, by index.
 *
 * @throws CompressError `bad-data` where there is neither a train nor a validation part, or where a tensor's values are not finite
 */
export function calibrate(
  heap: Heap,
  graph: Graph,
  data: Dataset,
  examples: number,
  seed: number,
): ReadonlyMap<number, Histogram> {
  const measure = (): Measured => {
    const drawn = drawExamples(data, examples, seed, 'calibrate');
    const found = heap.scope(() => histograms(heap, graph, computedTensors(graph), observe(heap, graph, drawn)));
    return { graph, examples, seed, histograms: found };
  };
  return memory.get(data, graph, (known) => known.examples === examples && known.seed === seed, measure).histograms;
}

interface Measured {
  readonly graph: Graph;
  readonly examples: number;
  readonly seed: number;
  /** By tensor. */
  readonly histograms: ReadonlyMap<number, Histogram>;
}

const memory = new NetworkMemory<Measured>();

/** Two passes: the range of each tensor, batch by batch, then how its values are spread over it. */
function histograms(heap: Heap, graph: Graph, tensors: readonly number[], run: Observer): Map<number, Histogram> {
  const nothing = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const range = heap.tensor('f32', [2], nothing);
  const batches = tensors.map(() => [] as Range[]);
  run((program) => {
    const placed = placesIn(program);
    const steps = tensors.map((t) => minMaxF32(heap, range, placed(t)));
    return () => {
      steps.forEach((step, i) => {
        heap.write(range, nothing);
        step();
        const [low, high] = heap.read(range) as Float32Array;
        batches[i].push([low, high]);
      });
    };
  });
  const counters = tensors.map((t, i) => {
    // NaN stays NaN.
    const [low, high] = batches[i].reduce(([l, h], [bl, bh]): Range => [Math.min(l, bl), Math.max(h, bh)]);
    checkFinite(graph.tensors[t].name, low, high);
    return { t, low, high, batches: batches[i], counts: heap.tensor('i32', [BINS]) };
  });
  const spread = counters.filter(({ low, high }) => high > low);
  run((program) => {
    const placed = placesIn(program);
    return together(spread.map(({ t, low, high, counts }) => histogramF32(heap, counts, placed(t), low, high)));
  });
  return new Map(counters.map(({ t, counts, ...found }) => [t, { ...found, counts: heap.read(counts) as Int32Array }]));
}

function placesIn(program: Program): (t: number) => HeapTensor {
  const states = placesOfStates(program);
  return (t) => states.get(t) ?? program.operands[t];
}

const together = (steps: readonly Step[]) => () => {
  for (const step of steps) step();
};

/** NaN or infinite values, and a width that float32 cannot hold, have no scale. */
function checkFinite(name: string, low: number, high: number): void {
  if (Number.isFinite(Math.fround(high - low))) return;
  const held = Number.isNaN(low) ? 'values that are not a number (NaN)' : `values from ${low} to ${high}`;
  throw new CompressError(
    'bad-data',
    `"${name}" takes ${held} on the data: no integers can represent them`,
    'check the weights in front of it: the arithmetic overflows; give a model whose training did not diverge',
  );
}

/** Float tensors that a graph computes, keeps or is given, by index. */
export function computedTensors(graph: Graph): number[] {
  const found = new Set<number>([...graph.inputs, ...ownStates(graph)]);
  for (const node of graph.nodes) for (const t of node.outputs) found.add(t);
  return [...found].filter((t) => graph.tensors[t].dtype === 'f32' && !graph.tensors[t].data);
}
