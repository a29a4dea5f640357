/** What the instructions of a layer of generated C depend on: assembly, which is counted exactly, and how often each part of its C runs. */
import { type Geometry, geometryOf, leaves, leavesColumns, leavesRows } from '../c/geometry.ts';
import type { Argument, Call, LayerCode, NamedText, Placed, Variant } from '../c/parts.ts';
import type { CallOf } from '../ops/kernel_call.ts';
import { type Classes, NO_CLASSES, plusClasses } from './assembly/classes.ts';
import type { Coefficients, CoefficientsOf } from './coefficients.ts';
import { inLongLoop } from './walk/compiled.ts';
import { addRuns, type Runs, type Walk } from './walk/runs.ts';
import { Walker } from './walk/walker.ts';

const argumentOf = (a: Argument): number => (typeof a === 'object' && 'text' in a ? Number(a.text) : Number.NaN);

export interface LayerWalk extends Walk {
  /** Its loops as a compiler sees them. */
  readonly loops: string;
}

/** Runs of all that a layer calls. @param corrections entries of its table of corrections */
export function walkOf({ calls }: LayerCode, functions: readonly NamedText[], variant: Variant, corrections: number): LayerWalk {
  const walker = new Walker(functions, variant, corrections);
  const parts = new Map<string, Runs>();
  let [assembly, worst] = [0, 0];
  let classes = NO_CLASSES;
  for (const call of calls) {
    const found = walker.walk(call.function, call.arguments.map(argumentOf));
    assembly += found.assembly;
    worst += found.worst;
    classes = plusClasses(classes, found.classes, 1);
    for (const [key, runs] of found.parts) addRuns(parts, key, runs);
  }
  return { assembly, worst, classes, parts, loops: walker.loops };
}

/** Executed instructions of a layer, and at most where a branch depends on data. */
export interface Executed {
  readonly usual: number;
  readonly most: number;
  /** What is counted of them by class: the assembly. */
  readonly assembly: number;
  readonly classes: Classes;
}

/** Share of a layer's instructions that may come from parts of which no run was counted. */
const UNSEEN = 0.02;

/**
 * Instructions of a layer by the first of its tags of which enough was counted.
 *
 * @param fitted what one run of each part executes
 * @param word   instructions for each word of a part of which none was counted
 */
export function executedOf(walk: LayerWalk, tags: readonly string[], fitted: CoefficientsOf, word: number): Executed {
  const general = executedBy(walk, fitted(tags[tags.length - 1]) ?? {}, word);
  for (const tag of tags) {
    const each = fitted(tag);
    const found = each && executedBy(walk, each, word);
    if (!found || found.unseen > UNSEEN * found.usual) continue;
    // Few layers were counted of some shapes: what they say is believed while the whole kernel does not contradict it.
    if (found.usual < general.usual * BELIEVED && found.usual * BELIEVED > general.usual) return found;
  }
  return general;
}

/** How far shapes of a kernel may lie from what is true of all of it. */
const BELIEVED = 2;

function executedBy(walk: LayerWalk, each: Coefficients, word: number): Executed & { readonly unseen: number } {
  let usual = walk.assembly + (each.one ?? 0);
  let most = usual + walk.worst;
  let unseen = 0;
  for (const [key, runs] of walk.parts) {
    const cost = each[key] ?? each[inLongLoop(key)];
    if (cost === undefined) unseen += word * runs.words * runs.usual;
    const one = cost ?? word * runs.words;
    usual += one * runs.usual;
    most += one * runs.most;
  }
  return { usual, most, assembly: walk.assembly, classes: walk.classes, unseen };
}

/**
 * What compilers make other code of, the nearest first: sizes are constants of the C, and loops of few turns are written out. Layers whose
 * products are assembly have their kernel only.
 */
export function tagsOf(call: Call, functions: readonly NamedText[], loops: string): string[] {
  if (functions.some((f) => f.text.includes('__asm'))) return [call.kernel];
  const shape = shapeOf(call);
  const shapes = shape.map((_, i) => [call.kernel, ...shape.slice(0, i + 1)].join(':')).reverse();
  return [...shapes, ...(shapes.length ? [] : [`${call.kernel}:${loops}`]), call.kernel];
}

/** What tells shapes apart, the most important first. */
function shapeOf(call: Call): string[] {
  if (call.family === 'convolve' || call.family === 'depthwise_conv') {
    const g = geometryOf(call as CallOf<'convolve' | 'depthwise_conv', Placed>);
    return [edgesOf(g), `${few(g.kH)}${few(g.kW)}`, depthOf(g, call.family), `${once(g.outW)}${g.sH}`];
  }
  if (call.family === 'avg_pool' || call.family === 'max_pool') {
    const pool = call as CallOf<'avg_pool' | 'max_pool', Placed>;
    const [kH, kW] = pool.parameters.filter;
    const [, outH, outW] = pool.operands.y.shape;
    return [`${few(kH)}${few(kW)}`, `${once(outH)}${once(outW)}${poolEdges(pool)}`];
  }
  return [];
}

const once = (n: number): string => (n === 1 ? '1' : 'n');
/** Loops of two turns are written out, longer ones are not. */
const few = (n: number): string => (n <= 2 ? String(n) : 'n');

function poolEdges({
  operands: { x, y },
  parameters: { filter, stride, padding },
}: CallOf<'avg_pool' | 'max_pool', Placed>): string {
  const edges = [0, 1].map((axis) => leaves(x.shape[1 + axis], y.shape[1 + axis], filter[axis], stride[axis], padding[axis]));
  return edges.map((e) => (e ? 'padded' : 'inside')).join('-');
}

const edgesOf = (g: Geometry): string => `${leavesRows(g) ? 'padded' : 'inside'}-${leavesColumns(g) ? 'padded' : 'inside'}`;

const depthOf = (g: Geometry, family: string): string =>
  family === 'convolve' ? few(g.inC / g.groups) : g.outC === g.inC ? 'each' : 'multiplied';
