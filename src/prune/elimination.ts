import type { Graph, Node } from '../graph/graph.ts';
import type { ChannelGroup, Unit } from './groups.ts';
import { cholesky, inverse, solveInPlace } from './linear_algebra.ts';
import type { Gram, Consumer } from './grams.ts';
import { layerOf } from '../run/layers.ts';

/** Share of the mean square added to the diagonal: least squares must not trust directions that the data hardly shows. */
const RIDGE = 1e-3;

/** What is added to the diagonal of products [n, n] of so many columns. */
export function ridgeOf(products: Float64Array, n: number, columns: number): number {
  let trace = 0;
  for (let i = 0; i < columns; i++) trace += products[i * n + i];
  return (RIDGE * trace) / columns + 1e-12;
}

/** Products of what a layer reads, with a ridge on all but the constant 1. */
export function ridged({ n, means }: Gram, { columns }: Consumer): Float64Array {
  const h = means.slice();
  const ridge = ridgeOf(means, n, columns);
  for (let i = 0; i < columns; i++) h[i * n + i] += ridge;
  return h;
}

/** Weights of a layer, its bias as the last column: [out, n]. */
export function rowsOf(graph: Graph, { node, columns, bias }: Consumer): { rows: Float64Array; out: number } {
  const { weights: w, bias: b } = layerOf(node)!;
  const weights = graph.tensors[w].data as Float32Array;
  const biases = bias ? (graph.tensors[b].data as Float32Array) : null;
  const out = weights.length / columns;
  const n = columns + (bias ? 1 : 0);
  const rows = new Float64Array(out * n);
  for (let o = 0; o < out; o++) {
    rows.set(weights.subarray(o * columns, (o + 1) * columns), o * n);
    if (biases) rows[o * n + columns] = biases[o];
  }
  return { rows, out };
}

/** What is left of a layer while channels it reads are taken away one after another. */
interface State {
  readonly consumer: Consumer;
  readonly n: number;
  readonly out: number;
  /** [out, n], fitted again after each. */
  readonly rows: Float64Array;
  /** Inverse of the products among what is left, [n, n]. */
  readonly p: Float64Array;
  /** Mean square of its outputs about their means. */
  readonly energy: number;
}

/** Weights and inverses of the layers at the beginning. */
export function statesOf(graph: Graph, consumers: readonly Consumer[], grams: ReadonlyMap<Node, Gram>): State[] {
  return consumers.map((consumer) => {
    const m = grams.get(consumer.node)!;
    const h = ridged(m, consumer);
    const { rows, out } = rowsOf(graph, consumer);
    return { consumer, n: m.n, out, rows, p: inverse(h, m.n), energy: energyOf(m, rows, out, consumer) };
  });
}

function energyOf({ n, means }: Gram, rows: Float64Array, out: number, { columns, bias }: Consumer): number {
  let energy = 1e-12;
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) {
        const mean = bias ? means[columns * n + i] * means[columns * n + j] : 0;
        energy += rows[o * n + i] * rows[o * n + j] * (means[i * n + j] - mean);
      }
    }
  }
  return energy;
}

/**
 * Scores of a group's units in the order in which they should go: each time the one whose loss changes the outputs of the layers that
 * read it least, after their other weights took over what they can (the optimal brain surgeon's step for whole channels: Hassibi and
 * Stork, 1993; Kurtic et al., "ZipLM", 2023). A unit's score is the mean square of that change so far, as a share of the outputs'.
 */
export function eliminate({ units }: ChannelGroup, states: readonly State[]): Float64Array {
  const involved = states.filter(({ consumer }) => units[0].some((s) => s.tensor === consumer.x));
  const copies = involved.map((s) => ({ ...s, rows: s.rows.slice(), p: s.p.slice() }));
  const scores = new Float64Array(units.length);
  const left = new Set(units.keys());
  let total = 0;
  while (left.size > 0) {
    const costs = [...left].map((u): [number, number] => [u, copies.reduce((sum, s) => sum + costOf(s, units[u]), 0)]);
    const [next, cost] = costs.reduce((least, c) => (c[1] < least[1] ? c : least));
    total += cost;
    scores[next] = total;
    left.delete(next);
    for (const s of copies) remove(s, units[next]);
  }
  return scores;
}

/** Columns of a layer's weights that read a unit. */
function columnsOf({ consumer }: State, unit: Unit): number[] {
  const columns: number[] = [];
  for (const { tensor, channel } of unit) {
    if (tensor !== consumer.x) continue;
    for (let k = channel; k < consumer.columns; k += consumer.channels) columns.push(k);
  }
  return columns;
}

/** The inverse among chosen columns, factored. */
function factorAmong({ p, n }: State, columns: readonly number[]): Float64Array {
  const size = columns.length;
  const among = new Float64Array(size * size);
  columns.forEach((row, i) => {
    columns.forEach((column, j) => {
      among[i * size + j] = p[row * n + column];
    });
  });
  return cholesky(among, size);
}

function costOf(state: State, unit: Unit): number {
  const columns = columnsOf(state, unit);
  if (columns.length === 0) return 0;
  const l = factorAmong(state, columns);
  const w = new Float64Array(columns.length);
  let cost = 0;
  for (let o = 0; o < state.out; o++) {
    for (let i = 0; i < w.length; i++) w[i] = state.rows[o * state.n + columns[i]];
    // |inverse(L) w|^2
    for (let i = 0; i < w.length; i++) {
      for (let k = 0; k < i; k++) w[i] -= l[i * w.length + k] * w[k];
      w[i] /= l[i * w.length + i];
      cost += w[i] * w[i];
    }
  }
  return cost / state.energy;
}

/** Takes a unit away: weights and inverse as if it had never been there. */
function remove(state: State, unit: Unit): void {
  const columns = columnsOf(state, unit);
  if (columns.length === 0) return;
  const { n, out, rows, p } = state;
  const l = factorAmong(state, columns);
  const gone = columns.map((c) => p.slice(c * n, (c + 1) * n));
  const share = new Float64Array(columns.length);
  const subtract = (matrix: Float64Array, row: number) => {
    columns.forEach((c, i) => {
      share[i] = matrix[row * n + c];
    });
    if (share.every((v) => v === 0)) return;
    solveInPlace(l, columns.length, share);
    for (let i = 0; i < share.length; i++) {
      const [f, from] = [share[i], gone[i]];
      for (let k = 0; k < n; k++) matrix[row * n + k] -= f * from[k];
    }
    for (const c of columns) matrix[row * n + c] = 0;
  };
  for (let o = 0; o < out; o++) subtract(rows, o);
  for (let i = 0; i < n; i++) subtract(p, i);
}
