import type { Dataset } from '../data/index.ts';
import { compact, type Graph, type Node, type Tensor } from '../graph/graph.ts';
import { realInputs } from '../judge.ts';
import { layerOf } from '../run/layers.ts';
import { drawExamples } from '../run/observe.ts';
import { sharedScales } from '../run/shared_scales.ts';
import { absorbed, type LinearReader, linearReaders } from '../simplify/absorb.ts';
import { linearLayer } from '../simplify/constant_channels.ts';
import type { QuantizeOptions } from '../stage.ts';
import { inputStatistics, type ChannelStatistics } from './statistics.ts';
import { recordOf } from './range.ts';

/** An input whose features come in units so different that one scale cannot hold them. */
export interface ApartInput extends Scaling {
  /** Its place among the graph's. */
  readonly input: number;
  /** What one scale would do to it, a sentence. */
  readonly cause: string;
}

/** By feature: (x - centre) * factor. */
interface Scaling {
  readonly centres: Float64Array;
  readonly factors: Float64Array;
}

/** An input and the layers that read it. */
interface Member {
  readonly input: number;
  readonly features: readonly ChannelStatistics[];
  readonly readers: readonly LinearReader[];
  /** Whether all readers can take back what is subtracted. */
  readonly takesCentres: boolean;
  /** Largest magnitude. */
  readonly reach: number;
}

/** Power of the signal by that of the noise behind the layers that read an input: below it rounding disturbs them by a tenth. */
const ENOUGH = 100;
/** Scaling must divide the power of the noise by at least this. */
const GAIN = 4;

/** Inputs that are to be scaled feature by feature before they are rounded. */
export function inputsApart(graph: Graph, data: Dataset, { activationBits: bits, examples }: Widths, seed: number): ApartInput[] {
  const root = sharedScales(graph);
  const groups = new Map<number, Member[] | null>();
  featuresOf(graph, data, examples, seed).forEach((features, input) => {
    const t = graph.inputs[input];
    const known = groups.get(root[t]);
    const readers = linearReaders(graph, t, 'factors');
    const reach = Math.max(...features.map(reachOf));
    const takesCentres = linearReaders(graph, t, 'offsets') !== null;
    const member = readers && { input, features, readers, takesCentres, reach };
    groups.set(root[t], member && known !== null ? [...(known ?? []), member] : null);
  });
  return [...groups.values()].flatMap((group) => (group ? apartIn(graph, group, bits) : []));
}

type Widths = Pick<QuantizeOptions, 'activationBits' | 'examples'>;

/** Inputs that share a scale: those that lose by it, unless scaling would gain little. */
function apartIn(graph: Graph, group: readonly Member[], bits: 8 | 16): ApartInput[] {
  const asGiven = stepOf(
    group.flatMap((m) => m.features),
    bits,
  );
  const before = qualityOf(graph, group, [], asGiven);
  if (!(before < ENOUGH)) return [];
  const alone = group.map((m) => qualityOf(graph, [m], [], stepOf(m.features, bits)));
  const best = Math.max(...alone);
  const isGood = (i: number) => alone[i] > ENOUGH && GAIN * alone[i] > best;
  const reach = group.find((_, i) => isGood(i))?.reach ?? 1;
  const scalings = group.map((m, i) => {
    const stays = isGood(i) && m.reach <= 2 * reach && 2 * m.reach >= reach;
    return stays ? null : scalingOf(m, reach);
  });
  const after = qualityOf(graph, group, scalings, recordOf([-reach, reach], bits).scales[0]);
  if (!(after > GAIN * before)) return [];
  return group.flatMap((m, i) => {
    const scaling = scalings[i];
    return scaling ? [{ input: m.input, cause: causeOf(graph, m, group, asGiven), ...scaling }] : [];
  });
}

/** Power of what inputs give to the layers that read them, by that of the noise of rounding inputs to `step` and weights to their 8 bits. */
function qualityOf(graph: Graph, group: readonly Member[], scalings: readonly (Scaling | null)[], step: number): number {
  let [signal, noise] = [0, 0];
  for (const node of new Set(group.flatMap((m) => m.readers.map((r) => r.node)))) {
    const { weights, unit, inChannel, units } = linearLayer(graph, node)!;
    const largest = new Float64Array(units);
    const squares = new Float64Array(units);
    (weights.data as Float32Array).forEach((w, i) => {
      const u = unit(i);
      const from = sourceOf(group, node, inChannel(i));
      const k = from ? (scalings[from.member]?.factors[from.channel] ?? 1) : 1;
      largest[u] = Math.max(largest[u], Math.abs(w / k));
      if (!from) return;
      const { mean, variance } = group[from.member].features[from.channel];
      const centre = scalings[from.member]?.centres[from.channel] ?? 0;
      signal += w * w * variance;
      noise += ((w / k) * step) ** 2 / 12;
      squares[u] += k * k * (variance + (mean - centre) ** 2);
    });
    const whole = Math.max(...largest);
    const stepOfUnit = (u: number) => (layerOf(node)!.perChannel ? largest[u] : whole) / 127;
    noise += squares.reduce((s, v, u) => s + (v * stepOfUnit(u) ** 2) / 12, 0);
  }
  return signal / noise;
}

/** Which input's which feature a layer reads as its channel. */
function sourceOf(group: readonly Member[], node: Node, channel: number): { member: number; channel: number } | null {
  for (const [member, { readers }] of group.entries()) {
    const found = readers.find((r) => r.node === node && r.channels[channel] >= 0);
    if (found) return { member, channel: found.channels[channel] };
  }
  return null;
}

/** Each feature brought to -reach..reach; where no centre can be taken back, around 0. */
function scalingOf({ features, takesCentres }: Member, reach: number): Scaling {
  const centres = Float64Array.from(features, ({ low, high }) => (takesCentres ? Math.fround((low + high) / 2) : 0));
  const factors = Float64Array.from(features, ({ low, high }, c) => {
    const half = Math.max(high - centres[c], centres[c] - low);
    return half > 0 ? Math.fround(reach / half) : 1;
  });
  return { centres, factors };
}

function stepOf(features: readonly Pick<ChannelStatistics, 'low' | 'high'>[], bits: 8 | 16): number {
  const low = features.reduce((m, f) => Math.min(m, f.low), Number.POSITIVE_INFINITY);
  const high = features.reduce((m, f) => Math.max(m, f.high), Number.NEGATIVE_INFINITY);
  return recordOf([low, high], bits).scales[0];
}

/** Which feature one scale would lose, and beside which. */
function causeOf(graph: Graph, { input }: Member, group: readonly Member[], step: number): string {
  const nameOf = (m: Pick<Member, 'input'>) => `"${graph.tensors[graph.inputs[m.input]].name}"`;
  const all = group.flatMap((m) => m.features.map((f, c) => ({ ...f, of: nameOf(m), c, steps: (f.high - f.low) / step })));
  const lost = all.reduce((a, f) => (f.steps < a.steps ? f : a));
  const far = all.reduce((a, f) => (reachOf(f) > reachOf(a) ? f : a));
  const others = group.filter((m) => m.input !== input).map(nameOf);
  const text = ({ c, of, low, high }: typeof lost) =>
    `feature ${c}${others.length ? ` of ${of}` : ''} (${short(low)}..${short(high)})`;
  const beside = lost === far ? '' : ` beside ${text(far)}`;
  const shared = others.length ? ` for it and ${others.join(', ')}` : '';
  return `input ${nameOf({ input })}: one scale of ${short(step)}${shared} cannot hold its features, ${text(lost)} spans ${short(lost.steps)} steps of it${beside}`;
}

const reachOf = ({ low, high }: Pick<ChannelStatistics, 'low' | 'high'>): number => Math.max(Math.abs(low), Math.abs(high));

export const short = (v: number): string => String(Number(v.toPrecision(3)));

/**
 * The graph with inputs that stay real numbers: (x - centre) * factor for each feature, and only then integers. Layers behind take that back,
 * so that no answer changes but for rounding.
 */
export function withScaledInputs(graph: Graph, apart: readonly ApartInput[]): Graph {
  if (!apart.length) return graph;
  const scaled = apart.reduce((g, a) => {
    const readers = linearReaders(g, g.inputs[a.input], 'factors')!; // scaling another input has made new nodes
    const isShifted = a.centres.some((v) => v !== 0);
    const inverse = a.factors.map((k) => 1 / k);
    return withFront(absorbed(g, readers, inverse, isShifted ? a.centres : null), a, isShifted);
  }, graph);
  return compact(scaled);
}

function withFront(graph: Graph, { input, centres, factors }: ApartInput, isShifted: boolean): Graph {
  const x = graph.inputs[input];
  const tensors = [...graph.tensors];
  const add = (t: Tensor): number => tensors.push(t) - 1;
  const { fileOrder: _, ...own } = { ...tensors[x], quant: null };
  tensors[x] = { ...tensors[x], quant: null };
  const constant = (part: string, values: Float64Array) =>
    add({ name: `${own.name}/${part}`, shape: [values.length], dtype: 'f32', data: Float32Array.from(values), quant: null });
  const front: Node[] = [];
  const then = (op: string, part: string, inputs: number[]): number => {
    const name = `${own.name}/${part}`;
    const y = add({ ...own, name });
    front.push({ name, op, inputs, outputs: [y], attrs: op === 'quantize' ? {} : { activation: 'none' } });
    return y;
  };
  const centred = isShifted ? then('sub', 'centred', [x, constant('centres', centres)]) : x;
  const scaled = then('mul', 'scaled', [centred, constant('factors', factors)]);
  const rounded = then('quantize', 'rounded', [scaled]);
  const nodes = graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map((t) => (t === x ? rounded : t)) }));
  return { ...graph, tensors, nodes: [...front, ...nodes] };
}

/** What was found on a dataset already: outlines of many candidates ask for the same. */
const known = new WeakMap<Dataset, Map<string, ChannelStatistics[][]>>();

/** Of the channels of each input. */
function featuresOf(graph: Graph, data: Dataset, examples: number, seed: number): ChannelStatistics[][] {
  const key = JSON.stringify([examples, seed, realInputs(graph).map(({ name, shape }) => [name, shape])]);
  const all = known.get(data) ?? new Map<string, ChannelStatistics[][]>();
  known.set(data, all);
  const found = all.get(key) ?? inputStatistics(graph, drawExamples(data, examples, seed, 'calibrate'));
  all.set(key, found);
  return found;
}
