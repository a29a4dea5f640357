import { type Node, sizeOf, type Tensor, type Values } from '../graph/graph.ts';

/**
 * Axes named anew: axis i of the result is axis `map[i]` of what it is made of, or a new one of one place where `map[i]` is -1. Axes that are
 * not named have one place and are dropped. A transpose, an Unsqueeze and a Squeeze are all of this kind, and so is any of them after another.
 */
export type Relabel = readonly number[];

/** The node that represents it until `toChannelsLast` has moved or removed it. */
export const RELABEL = '@relabel';

export const identity = (rank: number): Relabel => Array.from({ length: rank }, (_, i) => i);

export const isIdentity = (map: Relabel, rank: number): boolean => map.length === rank && map.every((a, i) => a === i);

/** First `inner`, then `outer`. */
export const compose = (outer: Relabel, inner: Relabel): Relabel => outer.map((a) => (a < 0 ? -1 : inner[a]));

/** What undoes `map`, which was made of an array of `rank` axes. */
export const inverse = (map: Relabel, rank: number): Relabel => Array.from({ length: rank }, (_, axis) => map.indexOf(axis));

export const relabelled = (shape: readonly number[], map: Relabel): number[] => map.map((a) => (a < 0 ? 1 : shape[a]));

/** Whether more than the number of axes changes: elements move. Axis 0 holds the batch, and counts at any size. */
export function movesElements(map: Relabel, shape: readonly number[]): boolean {
  const kept = map.filter((a) => a === 0 || (a > 0 && shape[a] > 1));
  return kept.some((a, i) => i > 0 && a < kept[i - 1]);
}

/** A constant in other axes. */
export function relabelConstant(tensor: Tensor, map: Relabel): Tensor {
  const shape = relabelled(tensor.shape, map);
  const axis = tensor.quant?.axis ?? null;
  const quant = tensor.quant && axis !== null ? { ...tensor.quant, axis: map.indexOf(axis) } : tensor.quant;
  const kept = map.filter((a) => a >= 0 && tensor.shape[a] > 1);
  const moves = kept.some((a, i) => i > 0 && a < kept[i - 1]);
  return { ...tensor, shape, quant, data: moves ? movedValues(tensor.data!, tensor.shape, map) : tensor.data };
}

function movedValues(data: Values, shape: readonly number[], map: Relabel): Values {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const to = relabelled(shape, map);
  const steps = map.map((a) => (a < 0 ? 0 : strides[a]));
  const out = data.slice() as Float32Array;
  const at = new Array<number>(to.length).fill(0);
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = data[from] as number;
    for (let d = to.length - 1; d >= 0; d--) {
      from += steps[d];
      if (++at[d] < to[d]) break;
      from -= steps[d] * to[d];
      at[d] = 0;
    }
  }
  return out;
}

/** The nodes that do it: a transpose where elements move, a reshape where axes are added or removed. */
export function relabelNodes(graph: { tensors: Tensor[]; nodes: Node[] }, from: number, map: Relabel, name: string): number {
  const source = graph.tensors[from];
  const shape = relabelled(source.shape, map);
  // axes of one place that change theirs change nothing
  if (!movesElements(map, source.shape) && shape.join() === source.shape.join()) return from;
  const add = (op: string, x: number, to: readonly number[], attrs: Node['attrs']): number => {
    const label = graph.tensors.some((t) => t.name === name) ? `${name}/${graph.tensors.length}` : name;
    const y = graph.tensors.push({ ...source, name: label, shape: to }) - 1;
    graph.nodes.push({ name: label, op, inputs: [x], outputs: [y], attrs });
    return y;
  };
  let x = from;
  let now = identity(source.shape.length);
  if (movesElements(map, source.shape)) {
    const named = map.filter((a) => a >= 0);
    const perm = [...named, ...now.filter((a) => !named.includes(a))];
    x = add('transpose', x, relabelled(source.shape, perm), { perm });
    now = perm;
  }
  if (x !== from && now.length === map.length && map.every((a, i) => a === now[i])) return x;
  return add('reshape', x, shape, {
    shape:
      map[0] === 0
        ? generalShape(shape)
        : openShape(
            graph.tensors[x].shape,
            shape,
            map.map((a) => now.indexOf(a)),
          ),
  });
}

/**
 * Where the batch may be another axis than the first: the one axis of one place that comes from another place is left open. Axes that change
 * their order would have to be moved in a larger batch: there it is as it is.
 */
function openShape(from: readonly number[], shape: readonly number[], map: Relabel): number[] {
  const named = map.filter((a) => a >= 0);
  if (named.some((a, i) => i > 0 && a < named[i - 1])) return [...shape];
  const moved = map.flatMap((a, i) => (a >= 0 && a !== i && from[a] === 1 ? [i] : []));
  return shape.map((d, i) => (moved.length === 1 && moved[0] === i ? -1 : map[i] === i ? 0 : d));
}

/** For any batch and, where the last axis is not of one place, for any number of channels. */
export function generalShape(shape: readonly number[]): number[] {
  const general = [...shape];
  if (shape.length > 1) general[0] = 0;
  if (shape.length > 1) general[shape.length - 1] = -1;
  return general;
}

/** How the shape of a reshape differs by axes of one place alone, or null. */
export function unitRelabel(from: readonly number[], to: readonly number[]): Relabel | null {
  const map: number[] = [];
  let next = 0;
  for (let i = 0; i < to.length; i++) {
    if (i === 0 && to[0] === 1 && from[0] === 1) {
      map.push(0);
      next = 1;
      continue;
    }
    if (to[i] === 1) {
      // where axes are dropped, the one that stays may be the batch
      map.push(to.length < from.length && from[next] === 1 ? next++ : -1);
      continue;
    }
    while (next < from.length && from[next] === 1) next++;
    if (from[next] !== to[i]) return null;
    map.push(next++);
  }
  return from.slice(next).every((d) => d === 1) ? map : null;
}
