import { type Dataset, inputsOf, planBatch } from '../data/index.ts';
import { type Graph, type Node, withTensors } from '../graph/graph.ts';
import { type Carried, Carry, carriedBytes } from '../run/carry.ts';
import type { Cut } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';
import type { Examples } from '../run/observe.ts';
import { fullyConnectedF32 } from '../wasm/fully_connected_f32.ts';
import type { Heap } from '../wasm/heap.ts';
import { solveF64 } from '../wasm/linear_f64.ts';
import { type Consumer, consumersOf, rowsOf, tensorsOf, widthOf } from './consumers.ts';
import { adderOf, fittingExamples, type Gram, gatherer, meansOf, newSums, placesOf } from './grams.ts';
import { ridged, ridgeOf } from './ridge.ts';

/** Activations of large images are carried for fewer examples. */
const MOST_BYTES = 2 ** 28;

/**
 * Fits the layers of a cut graph again, one after another, to what they gave before the cut: each makes good, by least squares over
 * data, what the cuts before it changed in what it reads (the asymmetric reconstruction of Zhang et al., "Accelerating Very Deep
 * Convolutional Networks", 2016). Both graphs are walked once, side by side.
 *
 * @param before the graph before the cut
 * @param after  the same without the channels of `cut`, node by node
 */
export function refit(heap: Heap, before: Graph, after: Graph, cut: Cut, data: Dataset, seed: number): Refitted {
  const first = before.nodes.findIndex((node) => node.outputs.some((t) => cut.has(t)));
  const grams = new Map<number, Gram>();
  if (before.nodes.length !== after.nodes.length) return { graph: after, first, grams };
  const layers = layersOf(before, after, cut, first);
  const graph = sideBySide(heap, before, after, Math.max(...layers.keys()), data, seed, (place, current, was, now) => {
    const layer = layers.get(place);
    if (!layer) return current;
    const means = meansAround(heap, before, layer, was.of(layer.original.x), now.of(layer.consumer.x), seed);
    grams.set(place, means.gram);
    // Squares beyond float32 say nothing: the layer stays as it is.
    if (![means.gram.means, means.cross].every((all) => all.every(Number.isFinite))) return current;
    return withTensors(current, new Map(tensorsOf(current, layer.consumer, fitted(heap, current, layer, means))));
  });
  const isOfAll = examplesFor(before, after, data, seed).order.length === fittingExamples(data, seed).order.length;
  return { graph, first, grams: isOfAll ? grams : new Map() };
}

/** A cut graph whose layers were fitted again. */
export interface Refitted {
  readonly graph: Graph;
  /** Place of the first node that was cut: layers up to there read what they read before. */
  readonly first: number;
  /** What the layers behind it read now, by their places, where it was measured on as many examples as `gramsOf` takes. */
  readonly grams: ReadonlyMap<number, Gram>;
}

function examplesFor(before: Graph, after: Graph, data: Dataset, seed: number): Examples {
  const { calls } = planBatch(data, inputsOf(before));
  return fittingExamples(data, seed, Math.floor(MOST_BYTES / (calls * (carriedBytes(before) + carriedBytes(after)))));
}

/**
 * Walks two graphs of the same nodes side by side; the second may be given other weights on the way.
 *
 * @param change called before node `place` runs, for places up to `last`: the second graph from there on
 */
export function sideBySide(
  heap: Heap,
  before: Graph,
  after: Graph,
  last: number,
  data: Dataset,
  seed: number,
  change: (place: number, current: Graph, was: Carry, now: Carry) => Graph,
): Graph {
  const examples = examplesFor(before, after, data, seed);
  const [was, now] = [new Carry(heap, before, examples), new Carry(heap, after, examples)];
  let current = after;
  let alike = true;
  for (let place = 0; place <= last; place++) {
    current = change(place, current, was, now);
    const [node, same] = [current.nodes[place], before.nodes[place]];
    was.run(before, same);
    alike &&= isSame(before, same, current, node);
    if (alike) now.take(current, node, was, same);
    else now.run(current, node);
  }
  return current;
}

/** Whether two nodes compute the same where all that they read is the same. */
function isSame(a: Graph, one: Node, b: Graph, other: Node): boolean {
  const shapes = ({ tensors }: Graph, { outputs }: Node) => JSON.stringify(outputs.map((t) => tensors[t].shape));
  const constant = ({ tensors }: Graph, t: number) => tensors[t]?.data ?? null;
  return (
    one.op === other.op &&
    JSON.stringify(one.attrs) === JSON.stringify(other.attrs) &&
    shapes(a, one) === shapes(b, other) &&
    one.inputs.length === other.inputs.length &&
    one.inputs.every((t, i) => constant(a, t) === constant(b, other.inputs[i]))
  );
}

/** A layer of a cut graph, the one it was, and which of its outputs are left. */
export interface CutLayer {
  readonly original: Consumer;
  readonly consumer: Consumer;
  readonly kept: readonly number[];
}

/** The layers behind the first cut, by their places. */
function layersOf(before: Graph, after: Graph, cut: Cut, first: number): Map<number, CutLayer> {
  const originals = new Map(consumersOf(before).map((c) => [before.nodes.indexOf(c.node), c]));
  const layers = new Map<number, CutLayer>();
  for (const consumer of consumersOf(after)) {
    const place = after.nodes.indexOf(consumer.node);
    const original = originals.get(place);
    if (place <= first || !original || isMasked(after, consumer)) continue;
    const removed = cut.get(original.node.outputs[0]);
    const outputs = before.tensors[layerOf(original.node)!.weights].shape[0];
    layers.set(place, { original, consumer, kept: Array.from({ length: outputs }, (_, o) => o).filter((o) => !removed?.[o]) });
  }
  return layers;
}

/** Least squares would bring masked weights back. */
const isMasked = ({ tensors }: Graph, { node }: Consumer): boolean => tensors[layerOf(node)!.weights].mask !== undefined;

/** Of what a layer reads now: its Gram matrix, and the means of its products with what each output was: [kept, n]. */
export interface Means {
  readonly gram: Gram;
  readonly cross: Float64Array;
}

export function meansAround(
  heap: Heap,
  before: Graph,
  { original, consumer, kept }: CutLayer,
  was: readonly Carried[],
  now: readonly Carried[],
  seed: number,
): Means {
  const [n, width] = [widthOf(consumer), widthOf(original)];
  const { rows } = rowsOf(before, original);
  const weights = Float32Array.from(kept.flatMap((o) => [...rows.subarray(o * width, (o + 1) * width)]));
  return heap.scope(() => {
    const [own, cross] = [newSums(heap, n, n), newSums(heap, kept.length, n)];
    const w = heap.tensor('f32', [kept.length, width], weights);
    const [places, samePlaces] = [placesOf(seed), placesOf(seed)];
    const around = (at: number) => {
      const [x, y] = [now[at], was[at]].map(({ shape }) => heap.tensor('f32', shape));
      const [reads, read] = [gatherer(heap, consumer, x, places), gatherer(heap, original, y, samePlaces)];
      const answers = heap.tensor('f32', [read.rows.shape[0], kept.length]);
      const steps = [
        reads.gather,
        read.gather,
        fullyConnectedF32(heap, answers, read.rows, w, null),
        adderOf(heap, own, reads.rows, reads.rows),
        adderOf(heap, cross, answers, reads.rows),
      ];
      return { x, y, steps };
    };
    let batch = around(0);
    now.forEach(({ shape, values }, at) => {
      if (batch.x.shape !== shape) batch = around(at);
      heap.write(batch.x, values);
      heap.write(batch.y, was[at].values);
      for (const step of batch.steps) step();
    });
    return { gram: { n, means: meansOf(heap, own) }, cross: meansOf(heap, cross) };
  });
}

/** Weights and biases of a layer, [out, n], drawn by a ridge towards those that are there. */
export function fitted(heap: Heap, graph: Graph, { consumer }: CutLayer, { gram, cross }: Means): Float64Array {
  const { rows } = rowsOf(graph, consumer);
  const ridge = ridgeOf(gram, consumer);
  const right = cross.map((v, k) => (k % gram.n < consumer.columns ? v + ridge * rows[k] : v));
  return solveF64(heap, ridged(gram, consumer), right);
}
