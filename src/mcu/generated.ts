/**
 * The C that Thumbnet writes for a network, for its figures: memory is planned and tables are laid out by the generator itself
 * (src/c), so that they are those of an export to the byte.
 */
import { type Emit, emitInto, type Network, type ToEmit } from '../c/network.ts';
import { ALIGNMENT, BYTES_OF_TYPE, type LayerCode, type NamedText, Parts, type Trade, type Variant } from '../c/parts.ts';
import { planNetwork } from '../c/schedule.ts';
import { namesFrontEnd } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { type Graph, isInteger, newValues, type Quantization, sizeOf, type Tensor, type Values } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { layerOf } from '../run/layers.ts';
import { type LayerWalk, walkOf } from './generated_features.ts';
import type { ChipGraph } from './graph_cost.ts';

export interface Generated {
  readonly network: Network;
  /** By layer of the network. */
  readonly layers: readonly GeneratedLayer[];
  /** Bytes of all tables; equal ones stand once. */
  readonly constantBytes: number;
  /** Functions of the code file but those that call the layers, each once. */
  readonly functions: readonly NamedText[];
}

export interface GeneratedLayer {
  readonly functions: readonly NamedText[];
  readonly constantBytes: number;
  /** How often each part of its code runs. */
  readonly walk: () => LayerWalk;
}

/** What the generator makes of one layer. */
interface Emitted {
  readonly walk: () => LayerWalk;
  readonly code: LayerCode;
  readonly functions: readonly NamedText[];
  readonly tables: readonly { readonly key: string; readonly bytes: number }[];
}

/** How C is written: chips of one kind of core have the same. */
export interface Form {
  readonly variant: Variant;
  readonly trade: Trade;
}

const keyOf = ({ variant, trade }: Form): string => `${variant}/${trade}`;

/** What was made of a graph, by form. */
const MADE = new WeakMap<Graph, Map<string, Generated | null>>();

/** The C of a graph; null where a node computes with real numbers. */
export function generated(chip: ChipGraph, form: Form): Generated | null {
  const made = MADE.get(chip.graph) ?? new Map<string, Generated | null>();
  MADE.set(chip.graph, made);
  const known = made.get(keyOf(form));
  if (known !== undefined) return known;
  const found = generate(chip, form);
  made.set(keyOf(form), found);
  return found;
}

function generate(chip: ChipGraph, form: Form): Generated | null {
  const stored = isStored(chip);
  const emitted: Emitted[] = [];
  /** Layers may run in many bands, and those of a plan that is taken were made before. */
  const known = new Map<string, Emitted | null>();
  const make = (layer: ToEmit): Emitted | null => {
    if (known.has(layer.like)) return known.get(layer.like)!;
    const made = stored ? emit(layer, form, true) : emitOnce(layer, form);
    known.set(layer.like, made);
    return made;
  };
  const network = planned(stored ? chip.graph : standIn(chip), form, make, (layer) => {
    const made = make(layer);
    if (made) emitted.push(made);
    return made?.code ?? null;
  });
  if (!network) return null;
  const tables = new Map(emitted.flatMap((e) => e.tables.map((t) => [t.key, t.bytes] as const)));
  const functions = new Map(emitted.flatMap((e) => e.functions.map((f) => [f.text, f] as const)));
  return {
    network,
    layers: emitted.map(({ functions, tables, walk }) => ({
      functions,
      walk,
      constantBytes: tables.reduce((n, t) => n + t.bytes, 0),
    })),
    constantBytes: [...tables.values()].reduce((a, b) => a + b, 0),
    functions: [...functions.values()],
  };
}

/** null where a node has no C. */
function planned(graph: Graph, { trade, variant }: Form, make: (layer: ToEmit) => Emitted | null, emit: Emit): Network | null {
  const frugal = trade === 'ram';
  const sketch: Emit = (layer) => make(layer)?.code ?? null;
  const bands = frugal ? { sketch, align: ALIGNMENT[variant] } : null;
  try {
    return planNetwork(graph, emit, { overwriteInputs: frugal && !namesFrontEnd(graph), bands });
  } catch (e) {
    if (e instanceof CompressError && e.code === 'unsupported') return null;
    throw e;
  }
}

const NAME = 'network';

/** @param byContent whether tables of equal values are one; else those of one name are, which carries the layer's tag */
function emit(layer: ToEmit, { variant, trade }: Form, byContent: boolean): Emitted | null {
  const parts = new Parts(null, variant, NAME, trade);
  const code = emitInto(parts)(layer);
  if (!code) return null;
  const functions = parts.functions(code.calls.map((c) => c.function));
  const corrections = parts.tables.find((t) => t.name.endsWith('_corrections'))?.values.length ?? 0;
  let walked: LayerWalk | null = null;
  return {
    walk() {
      walked ??= walkOf(code, functions, variant, corrections);
      return walked;
    },
    code,
    functions,
    tables: parts.tables.map((t) => ({ key: byContent ? t.key : t.name, bytes: t.values.length * BYTES_OF_TYPE[t.type] })),
  };
}

/** Layers of stand-ins by what tells them apart: a search asks for the same ones thousands of times. */
const EMITTED = new Map<string, Emitted>();
const KEPT = 20_000;

function emitOnce(layer: ToEmit, form: Form): Emitted | null {
  const { call, node, tag } = layer;
  if (!call) return emit(layer, form, false);
  const key = `${keyOf(form)}${JSON.stringify(call, shortly)}`;
  const known = EMITTED.get(key);
  if (EMITTED.size > KEPT) EMITTED.clear();
  const made = known ?? emit({ ...layer, tag: TAG }, form, false);
  if (!made) throw new Error(`no C of "${node.name}" (${call.kernel})`);
  EMITTED.set(key, made);
  // Tables of the layer are its own, whatever layer they were made for.
  return { ...made, tables: made.tables.map((t) => ({ ...t, key: t.key.replace(OWN_TABLE, `${tag}$&`) })) };
}

const TAG = 'l';
const OWN_TABLE = new RegExp(`^${NAME}_(${TAG}_|t\\d).*`);

/** Numbers of tables, and which tensor it is, tell no two layers apart. */
const shortly = (name: string, value: unknown): unknown =>
  name === 'tensor'
    ? undefined
    : typeof value === 'bigint'
      ? `${value}`
      : ArrayBuffer.isView(value) || (Array.isArray(value) && value.length > 8 && typeof value[0] === 'number')
        ? [(value as Int8Array).length, (value as Int8Array)[0]]
        : value;

/** Whether the graph is the one that a chip would hold, and not what is to become it. */
const isStored = ({ graph, operands }: ChipGraph): boolean => graph.tensors.every((t, i) => t.dtype === operands[i].dtype);

/**
 * A graph of the types that the chip would hold, for one whose weights and scales are not known yet. They are chosen so that the forms
 * of rescaling are those of a usual layer: with ties on both sides of zero where no activation follows, without where one does.
 */
function standIn({ graph, operands }: ChipGraph): Graph {
  const places = new Map<number, 'weights' | 'bias'>();
  const clamped = new Set<number>();
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    if (layer) places.set(layer.weights, 'weights').set(layer.bias, 'bias');
    const { activation } = node.attrs as { activation?: string };
    if (activation && activation !== 'none') clamped.add(node.outputs[0]);
  }
  const tensors = graph.tensors.map((t, i): Tensor => {
    const { dtype, shape } = operands[i];
    if (dtype === 'f32' || !isInteger(dtype) || (t.data && !t.quant && dtype === t.dtype)) return { ...t, dtype };
    const place = places.get(i);
    const axis = place === 'weights' ? axisOf(graph, i) : place === 'bias' ? 0 : null;
    const data = t.data && (place === 'weights' ? weightsOf(t, dtype, i, axis!) : newValues(dtype, sizeOf(shape)));
    return { ...t, dtype, data, quant: quantOf(t, dtype, place, axis, clamped.has(i)) };
  });
  return { ...graph, tensors };
}

const SCALE = 2 ** -6;
/** Of the product of input and weight scales to the output's. */
const SHRINK = 2 ** -11;

function quantOf(
  t: Tensor,
  dtype: Tensor['dtype'],
  place: string | undefined,
  axis: number | null,
  clamped: boolean,
): Quantization {
  const bits = { i4: 4, i8: 8, u8: 8, i16: 16, i32: 32, i64: 64 }[dtype as 'i8'] as Quantization['bits'];
  const count = axis === null ? 1 : t.shape[axis];
  const scale = place === 'weights' ? SHRINK : place === 'bias' ? SCALE * SHRINK : SCALE;
  // Hardly any real zero point is 0, which would leave out an addition.
  const zero = place || dtype === 'i16' ? 0 : dtype === 'u8' ? (clamped ? 0 : 125) : clamped ? -128 : -3;
  const channels = place && axis !== null ? count : 1;
  return {
    bits,
    scales: new Array(channels).fill(scale),
    zeros: new Array(channels).fill(zero),
    axis: channels > 1 ? axis : null,
  };
}

/** The axis of output channels of the layer that takes these weights. */
function axisOf(graph: Graph, weights: number): number {
  const node = graph.nodes.find((n) => layerOf(n)?.weights === weights)!;
  return rowOf(node.op).layer!.axis;
}

/** One weight of each channel is large, the others are 0: sums span what a usual layer's do, and few thresholds are to be checked. */
function weightsOf(t: Tensor, dtype: Tensor['dtype'], tensor: number, axis: number): Values {
  const values = newValues(dtype, sizeOf(t.shape)) as Int8Array;
  const inner = t.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const large = dtype === 'i4' ? 7 : 127;
  for (let c = 0; c < t.shape[axis]; c++) values[c * inner] = large;
  // No two layers have equal tables.
  values[values.length - 1] = 1 + (tensor % large);
  return values;
}
