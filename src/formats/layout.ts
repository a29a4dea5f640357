import { compact, type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import { rowOf, type Shape } from '../ops/index.ts';
import { layerOf } from '../run/layers.ts';
import {
  compose,
  generalShape,
  identity,
  inverse,
  isIdentity,
  movesElements,
  RELABEL,
  type Relabel,
  relabelConstant,
  relabelled,
  relabelNodes,
  unitRelabel,
} from './relabel.ts';
import { unitsInOrder } from './units.ts';

/**
 * A graph whose relabels (transposes around every convolution of a channels-first file) are moved until they meet and vanish. What is left
 * of them become transposes and reshapes. Inputs and outputs take the order of axes that leaves the fewest; `Tensor.fileOrder` keeps
 * that of the file.
 *
 * A relabel is carried along as a view: it passes operators that work place by place, with their constants reordered; operators
 * with an axis get it renumbered; a flattened image is read by the next dense layer in the order in which it lies, with its weights moved.
 */
export function channelsLast(draft: Graph): Graph {
  let orders: (Relabel | null)[] = draft.inputs.map(() => null);
  let best = attempt(draft, orders, outputOf);
  draft.inputs.forEach((t, i) => {
    for (const order of ordersOf(draft.tensors[t].shape)) {
      const other = orders.map((o, k) => (k === i ? order : o));
      const found = attempt(draft, other, outputOf);
      if (cost(found) >= cost(best)) continue;
      best = found;
      orders = other;
    }
  });
  return best;
}

/** The same for a graph that is to be written: its inputs and outputs stay as they are. A node with `FIXED` has axes of a fixed meaning. */
export const withRelabelsMoved = (draft: Graph): Graph =>
  attempt(
    draft,
    draft.inputs.map(() => null),
    (work, t) => materialize(work, viewOf(work, t), work.draft.tensors[t].name),
  );

/** An attribute of nodes whose operands are in another order than their row says. */
export const FIXED = '@order';

const axesOf = (node: Node) => (FIXED in node.attrs ? null : rowOf(node.op).axes);

/** Orders that the axes of an input may have been given: channels first, or time before the batch, which comes first in a graph. */
const ordersOf = (shape: Shape): Relabel[] => {
  const isTimeFirst = shape[0] > 1 && shape[1] === 1;
  if (shape.length === 3) return [[0, 2, 1], ...(isTimeFirst ? [[1, 0, 2]] : [])];
  return shape.length === 4 ? [[0, 3, 1, 2]] : [];
};

/** Elements that transposes move; of equal ones the shorter graph. */
const cost = ({ nodes, tensors }: Graph): number =>
  nodes.reduce((n, node) => n + (node.op === 'transpose' ? sizeOf(tensors[node.outputs[0]].shape) : 0), 0) + nodes.length * 1e-6;

/** What a tensor of the draft is: a tensor of the new graph, relabelled. */
interface View {
  readonly tensor: number;
  readonly map: Relabel;
  /** `tensor` is a flattened array of `shape`, where the draft flattens what `map` makes of that: element i there is `order[i]` here. */
  readonly flat?: { readonly order: Int32Array; readonly shape: Shape; readonly map: Relabel };
}

interface Work {
  readonly tensors: Tensor[];
  readonly nodes: Node[];
  readonly views: Map<number, View>;
  /** Constants of the draft that were put in, by themselves. */
  readonly draft: Graph;
}

/** @param orders for each input the relabel that makes the draft's order of it, null = as it is */
function attempt(draft: Graph, orders: readonly (Relabel | null)[], end: (work: Work, t: number) => number): Graph {
  const work: Work = { tensors: [], nodes: [], views: new Map(), draft };
  const inputs = draft.inputs.map((t, i) => {
    const tensor = draft.tensors[t];
    const map = orders[i] ?? identity(tensor.shape.length);
    const back = inverse(map, tensor.shape.length);
    const given = { ...tensor, shape: relabelled(tensor.shape, back), ...(orders[i] && { fileOrder: map }) };
    const place = work.tensors.push(given) - 1;
    work.views.set(t, { tensor: place, map });
    return place;
  });
  for (const node of draft.nodes) place(work, node);
  const outputs = draft.outputs.map((t) => end(work, t));
  return unitsInOrder(compact({ ...draft, tensors: work.tensors, nodes: work.nodes, inputs, outputs }));
}

/** An output may lie in another order than the file's, so that nothing is moved for it; its batch comes first. */
function outputOf(work: Work, t: number): number {
  const view = viewOf(work, t);
  const { name } = work.draft.tensors[t];
  const isOrder = !view.flat && view.map[0] === 0 && view.map.every((axis) => axis >= 0);
  const lying = [...view.map].sort((a, b) => a - b);
  const tensor = materialize(work, isOrder ? { tensor: view.tensor, map: lying } : view, name);
  const order = view.map.map((axis) => lying.indexOf(axis));
  const isOther = isOrder && order.some((axis, i) => axis !== i);
  const isInput = !work.nodes.some((n) => n.outputs.includes(tensor));
  work.tensors[tensor] = {
    ...work.tensors[tensor],
    ...(!isInput && { name }),
    ...(isOther && { fileOrder: order }),
  };
  return tensor;
}

function viewOf({ views, tensors, draft }: Work, t: number): View {
  const known = views.get(t);
  if (known) return known;
  const tensor = draft.tensors[t];
  const view = { tensor: tensors.push(tensor) - 1, map: identity(tensor.shape.length) };
  views.set(t, view);
  return view;
}

/** The tensor that a view means, computed where it is not there. */
function materialize(work: Work, { tensor, map, flat }: View, name: string): number {
  if (!flat) return relabel(work, tensor, map, name);
  const image = reshape(work, tensor, flat.shape, `${name}/image`);
  return reshape(work, relabel(work, image, flat.map, name), work.tensors[tensor].shape, `${name}/flat`);
}

function reshape(work: Work, from: number, shape: Shape, name: string): number {
  const y = work.tensors.push({ ...work.tensors[from], name, shape }) - 1;
  work.nodes.push({ name, op: 'reshape', inputs: [from], outputs: [y], attrs: { shape: generalShape(shape) } });
  return y;
}

function relabel(work: Work, tensor: number, map: Relabel, name: string): number {
  const source = work.tensors[tensor];
  if (isIdentity(map, source.shape.length)) return tensor;
  if (source.data) return work.tensors.push(relabelConstant(source, map)) - 1;
  return relabelNodes(work, tensor, map, `${name}/ordered`);
}

function place(work: Work, node: Node): void {
  if (node.op === RELABEL || node.op === 'transpose') {
    const view = unflattened(work, viewOf(work, node.inputs[0]), node.name);
    work.views.set(node.outputs[0], {
      tensor: view.tensor,
      map: compose((node.attrs.map ?? node.attrs.perm) as Relabel, view.map),
    });
    return;
  }
  if (node.op === 'reshape' && placeReshape(work, node)) return;
  if (placeFlat(work, node)) return;
  const layout = layoutFor(work, node);
  if (layout) placeIn(work, node, layout);
  else
    emit(
      work,
      node,
      node.inputs.map((t) => (t < 0 ? -1 : materialize(work, viewOf(work, t), nameOf(work, t)))),
      node.attrs,
      null,
    );
}

const nameOf = ({ draft }: Work, t: number): string => draft.tensors[t].name;

const unflattened = (work: Work, view: View, name: string): View => {
  if (!view.flat) return view;
  const tensor = materialize(work, view, name);
  return { tensor, map: identity(work.tensors[tensor].shape.length) };
};

/** Adds a node; its outputs are those of the draft, seen through the layout (null = as they are). */
function emit(work: Work, node: Node, inputs: readonly number[], attrs: Node['attrs'], layout: Layout | null): void {
  const outputs = node.outputs.map((t) => {
    const tensor = work.draft.tensors[t];
    const shape = layout ? relabelled(tensor.shape, inverse(layout.map, layout.rank)) : tensor.shape;
    const y = work.tensors.push({ ...tensor, shape }) - 1;
    work.views.set(t, { tensor: y, map: layout?.map ?? identity(shape.length) });
    return y;
  });
  work.nodes.push({ ...node, inputs: [...inputs], outputs, attrs });
}

/** Axes are added or removed: a relabel. An image is flattened: it keeps its order in memory. */
function placeReshape(work: Work, node: Node): boolean {
  const [from, to] = [node.inputs[0], node.outputs[0]].map((t) => work.draft.tensors[t].shape);
  const view = viewOf(work, node.inputs[0]);
  const units = unitRelabel(from, to);
  if (units && !view.flat) {
    work.views.set(node.outputs[0], { tensor: view.tensor, map: compose(units, view.map) });
    return true;
  }
  const source = work.tensors[view.tensor];
  if (view.flat || source.data || to.length !== 2 || to[0] !== from[0] || !movesElements(view.map, source.shape)) return false;
  // the batch must lie first in both
  if (view.map[0] !== 0) return false;
  emit(work, node, [view.tensor], { shape: [0, -1] }, null);
  const flat = { order: flatOrder(source.shape, view.map), shape: source.shape, map: view.map };
  work.views.set(node.outputs[0], { ...work.views.get(node.outputs[0])!, flat });
  return true;
}

/** For element i of the draft's flattened array its place in that of the source. */
function flatOrder(shape: Shape, map: Relabel): Int32Array {
  const numbers = Int32Array.from({ length: sizeOf(shape) }, (_, i) => i);
  const tensor = { name: '', shape, dtype: 'i32' as const, data: numbers, quant: null };
  return relabelConstant(tensor, map).data as Int32Array;
}

/** A node on a flattened image: place by place it passes on, a dense layer reads it in the order in which it lies. */
function placeFlat(work: Work, node: Node): boolean {
  const views = node.inputs.map((t) => (t < 0 ? null : viewOf(work, t)));
  const [first] = views;
  if (!first?.flat || views.slice(1).some((v) => v && (v.flat || !work.tensors[v.tensor].data))) return false;
  const row = rowOf(node.op);
  const shapes = views.map((v) => (v ? work.tensors[v.tensor].shape : null));
  const channels = row.channels(node.attrs, shapes);
  const places = channels.kind === 'mix' ? channels.in : channels.kind === 'keep' && axesOf(node) ? channels.along : null;
  if (!places || (channels.kind === 'keep' && (channels.multiplier ?? 1) !== 1)) return false;
  const { order } = first.flat;
  const inputs = views.map((v, place) => {
    if (!v) return -1;
    const axis = places.find(([operand]) => operand === place && place > 0)?.[1];
    if (axis === undefined) return v.tensor;
    if (work.tensors[v.tensor].shape[axis] !== order.length) return v.tensor;
    return work.tensors.push(inOrder(work.tensors[v.tensor], axis, order)) - 1;
  });
  emit(work, node, inputs, node.attrs, null);
  const [y] = node.outputs;
  if (channels.kind === 'keep') work.views.set(y, { ...work.views.get(y)!, flat: first.flat });
  return true;
}

/** A constant whose place `order[i]` along `axis` is place i of the one given. */
function inOrder(tensor: Tensor, axis: number, order: Int32Array): Tensor {
  const inner = sizeOf(tensor.shape.slice(axis + 1));
  const data = tensor.data!.slice() as Float32Array;
  const from = tensor.data as Float32Array;
  const size = tensor.shape[axis];
  for (let start = 0; start < data.length; start += size * inner)
    for (let i = 0; i < size; i++) data.set(from.subarray(start + i * inner, start + (i + 1) * inner), start + order[i] * inner);
  return { ...tensor, data };
}

/** Axes in which a node works: the draft's seen through `map`, which was made of arrays of `rank` axes. */
interface Layout {
  readonly map: Relabel;
  readonly rank: number;
}

/** The layout of the inputs that leaves the fewest elements to move; null where the node's axes have a fixed meaning. */
function layoutFor(work: Work, node: Node): Layout | null {
  if (!axesOf(node)) return null;
  const rank = Math.max(...node.inputs.map((t) => (t < 0 ? 0 : work.draft.tensors[t].shape.length)));
  const views = computedViews(work, node).filter((v) => !v.flat && v.map.length === rank);
  let best: { layout: Layout; cost: number } | null = null;
  for (const { tensor, map } of views) {
    const layout = { map, rank: work.tensors[tensor].shape.length };
    if (isIdentity(map, layout.rank) || !fits(work, node, layout)) continue;
    const moved = movedIn(work, node, layout);
    if (!best || moved < best.cost) best = { layout, cost: moved };
  }
  return best && best.cost <= movedIn(work, node, { map: identity(rank), rank }) ? best.layout : null;
}

const computedViews = (work: Work, { inputs }: Node): View[] =>
  inputs.filter((t) => t >= 0 && !work.draft.tensors[t].data).map((t) => viewOf(work, t));

/** Elements of the computed inputs that would have to be moved into a layout. */
function movedIn(work: Work, node: Node, layout: Layout): number {
  const back = inverse(layout.map, layout.rank);
  return computedViews(work, node).reduce((n, view) => {
    const { shape } = work.tensors[view.tensor];
    const moves = view.flat || movesElements(compose(back, aligned(view.map, layout.map.length)), shape);
    return n + (moves ? sizeOf(shape) : 0);
  }, 0);
}

/** A map with axes of one place put in front, as shapes broadcast. */
const aligned = (map: Relabel, rank: number): Relabel => [...new Array<number>(rank - map.length).fill(-1), ...map];

/** Whether a node can work in a layout: its attributes can be said there, and axes that are not there have one place. */
function fits(work: Work, node: Node, { map, rank }: Layout): boolean {
  const renumbered = attrsIn(node, inverse(map, rank), map.length);
  const absent = map.flatMap((a, i) => (a < 0 ? [i] : []));
  const one = [...node.inputs, ...node.outputs].every((t) => {
    const shape = t < 0 ? [] : work.draft.tensors[t].shape;
    return absent.every((i) => (shape[i - map.length + shape.length] ?? 1) === 1);
  });
  const kept = node.outputs.every((t) => work.draft.tensors[t].shape.length === map.length);
  return renumbered !== null && one && kept;
}

/** Attributes for arrays whose axis j is axis `from[j]` of the node's own, or a new one (-1). */
function attrsIn(node: Node, from: Relabel, rank: number): Node['attrs'] | null {
  const axes = axesOf(node);
  return typeof axes === 'function' ? axes(node.attrs, from, rank) : axes === 'each' ? node.attrs : null;
}

function placeIn(work: Work, node: Node, layout: Layout): void {
  const { map, rank } = layout;
  const back = inverse(map, rank);
  const layer = layerOf(node);
  const inputs = node.inputs.map((t) => {
    if (t < 0) return -1;
    const view = unflattened(work, viewOf(work, t), nameOf(work, t));
    if (t === layer?.weights || t === layer?.bias) return materialize(work, view, nameOf(work, t));
    const own = work.draft.tensors[t];
    const source = work.tensors[view.tensor];
    if (!source.data) return relabel(work, view.tensor, compose(back, aligned(view.map, map.length)), nameOf(work, t));
    return (
      work.tensors.push(
        withoutLeadingOnes(relabelConstant(source, compose(back, aligned(view.map, map.length))), own.shape.length),
      ) - 1
    );
  });
  emit(work, node, inputs, attrsIn(node, back, map.length)!, layout);
}

/** A constant that broadcasts, with no more axes than it needs: TFLite's kernels know a vector along the last one. */
function withoutLeadingOnes(tensor: Tensor, rank: number): Tensor {
  const shape = [...tensor.shape];
  if (rank === shape.length && shape[0] !== 1) return tensor;
  while (shape.length > 1 && shape[0] === 1) shape.shift();
  return { ...tensor, shape };
}
