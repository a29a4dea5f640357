/** What the instructions of a layer of generated C depend on: assembly, which is counted exactly, and how often each part of its C runs. */
import { type Geometry, geometryOf } from '../c/geometry.ts';
import type { Argument, Call, LayerCode, NamedText, Placed, Variant } from '../c/parts.ts';
import type { CallOf } from '../ops/kernel_call.ts';
import type { Classes } from './assembly.ts';
import { NO_CLASSES, plusClasses, type Runs, type Walk, Walker } from './walk.ts';

/** What one run of each part of a layer's C executes. */
export type Coefficients = Readonly<Record<string, number>>;

const argumentOf = (a: Argument): number => (typeof a === 'object' && 'text' in a ? Number(a.text) : Number.NaN);

export interface LayerWalk extends Walk {
  /** Its loops as a compiler sees them. */
  readonly loops: string;
}

/** Runs of all that a layer calls. @param corrections entries of its table of corrections */
export function walkOf({ calls }: LayerCode, functions: readonly NamedText[], variant: Variant, corrections: number): LayerWalk {
  const walker = new Walker(functions, variant);
  const parts = new Map<string, Runs>();
  let [assembly, worst] = [0, 0];
  let classes = NO_CLASSES;
  for (const call of calls) {
    const found = walker.walk(call.function, call.arguments.map(argumentOf), corrections);
    assembly += found.assembly;
    worst += found.worst;
    classes = plusClasses(classes, found.classes, 1);
    for (const [key, runs] of found.parts) {
      const before = parts.get(key);
      parts.set(key, before ? { ...runs, usual: before.usual + runs.usual, most: before.most + runs.most } : runs);
    }
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
 * @param fitted coefficients by tag
 * @param word   instructions for each word of a part of which none was counted
 */
export function executedOf(
  walk: LayerWalk,
  tags: readonly string[],
  fitted: Readonly<Record<string, Coefficients>>,
  word: number,
): Executed {
  const kernel = fitted[tags[tags.length - 1]];
  const general = executedBy(walk, kernel ?? {}, word);
  for (const tag of tags) {
    const found = fitted[tag] && executedBy(walk, fitted[tag], word);
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
    const cost = each[key];
    if (cost === undefined) unseen += word * runs.words * runs.usual;
    const one = cost ?? word * runs.words;
    usual += one * runs.usual;
    most += one * runs.most;
  }
  return { usual, most, assembly: walk.assembly, classes: walk.classes, unseen };
}

const isPadded = (size: number, out: number, k: number, stride: number, before: number, dilation: number): boolean =>
  before > 0 || (out - 1) * stride - before + (k - 1) * dilation >= size;

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
    const { operands, parameters } = call as CallOf<'avg_pool', Placed>;
    const [[, inH, inW], [, outH, outW]] = [operands.x.shape, operands.y.shape];
    const { filter, stride, padding } = parameters;
    const edges =
      isPadded(inH, outH, filter[0], stride[0], padding[0], 1) || isPadded(inW, outW, filter[1], stride[1], padding[1], 1);
    return [`${few(filter[0])}${few(filter[1])}`, `${once(outH)}${once(outW)}${edges ? 'padded' : 'inside'}`];
  }
  return [];
}

const once = (n: number): string => (n === 1 ? '1' : 'n');
/** Loops of two turns are written out, longer ones are not. */
const few = (n: number): string => (n <= 2 ? String(n) : 'n');

function edgesOf(g: Geometry): string {
  const rows = isPadded(g.inH, g.outH, g.kH, g.sH, g.top, g.dH);
  const columns = isPadded(g.inW, g.outW, g.kW, g.sW, g.left, g.dW);
  return `${rows ? 'padded' : 'inside'}-${columns ? 'padded' : 'inside'}`;
}

const depthOf = (g: Geometry, family: string): string =>
  family === 'convolve' ? few(g.inC / g.groups) : g.outC === g.inC ? 'each' : 'multiplied';
