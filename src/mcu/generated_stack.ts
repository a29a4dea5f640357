/** Stack of generated C: what functions in assembly push, the arrays of functions in C, arguments that registers do not hold, and what compilers take beside. */
import type { Layer, Network } from '../c/network.ts';
import type { NamedText, Variant } from '../c/parts.ts';
import { registersOf } from './assembly/listing.ts';
import { MACROS, preprocessed } from './c_text/preprocess.ts';
import type { Generated } from './generated.ts';
import { GENERATED_CODE } from './generated_data.ts';

/** Kernels of which compilers put little on the stack. */
const USUAL = /^(convolve|depthwise_conv|fully_connected|max_pool|mean|softmax|stream|copy)_(s8|s4)$/;

export const isUsual = (kernel: string): boolean => USUAL.test(kernel);

/** Layers of which compilers put alike amounts on the stack. */
export const FRAME_KINDS = ['usual', 'deep', 'other'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** Families whose functions call others that keep much. */
const DEEP: readonly string[] = ['lstm_unidirectional', 'log_softmax'];

function kindOf({ kernel, call, form, rows }: Layer): FrameKind {
  if (call && DEEP.includes(call.family)) return 'deep';
  const isDilated = call?.family === 'convolve' && call.parameters.dilation.some((d) => d > 1);
  return isUsual(kernel) && !isDilated && !form && !rows ? 'usual' : 'other';
}

/** What a network's C takes below the caller of `run`: a bound of what was seen of others. */
export function stackOf(made: Generated, variant: Variant): number {
  const { stack } = GENERATED_CODE[variant];
  const told = toldStack(made, variant);
  return Math.max(0, ...[...told].map(([kind, bytes]) => stack[kind] + bytes));
}

/** The most that the texts of a network and of its layers tell of its stack, by kind. */
export function toldStack({ network, layers }: Pick<Generated, 'network' | 'layers'>, variant: Variant): Map<FrameKind, number> {
  const most = new Map<FrameKind, number>();
  const passed = passedBy(network);
  for (const [i, layer] of network.layers.entries()) {
    const kind = kindOf(layer);
    most.set(kind, Math.max(most.get(kind) ?? 0, passed + toldOf(layers[i].functions, variant)));
  }
  return most;
}

/** Words of arguments in registers. */
const IN_REGISTERS = 4;

/** Bytes of the arguments behind those. */
const passedOf = (count: number): number => POINTER * Math.max(0, count - IN_REGISTERS);

/** What `invoke` passes to `run`, all inputs and outputs, and at most `run` to a layer. */
function passedBy({ graph, arenaBytes, stateBytes, layers }: Network): number {
  const memory = [arenaBytes, stateBytes].filter((bytes) => bytes > 0).length;
  const calls = layers.flatMap((l) => l.calls.map((c) => passedOf(c.arguments.length)));
  return passedOf(memory + graph.inputs.length + graph.outputs.length) + Math.max(0, ...calls);
}

interface Frame {
  readonly arrays: number;
  readonly pushed: number;
}

/** A text is read once; it is written for one kind of core. */
const READ = new WeakMap<NamedText, Frame>();

/** Arrays of all functions of a layer, which compilers put into one another, and the most that one in assembly pushes. */
function toldOf(functions: readonly NamedText[], variant: Variant): number {
  const frames = functions.map((f) => {
    const frame = READ.get(f) ?? frameOf(preprocessed(f.text, (macro) => MACROS[variant].includes(macro)));
    READ.set(f, frame);
    return frame;
  });
  return frames.reduce((n, f) => n + f.arrays, 0) + Math.max(0, ...frames.map((f) => f.pushed));
}

const BYTES: Readonly<Record<string, number>> = { '8': 1, '16': 2, '32': 4, '64': 8 };
const POINTER = 4;

function frameOf(text: string): Frame {
  let [arrays, pushed] = [0, 0];
  for (const [, list] of text.matchAll(/"\s*v?push(?:\.\w)? (\{[^}]*\})/g)) {
    pushed += registersOf(list).length * (/\bd\d/.test(list) ? 8 : 4);
  }
  for (const [, bytes] of text.matchAll(/"\s*sub(?:\.w|w|s)? sp, (?:sp, )?#(\d+)/g)) pushed += Number(bytes);
  for (const [, bits, pointer, length] of text.matchAll(/\bu?int(\d+)_t (\*(?:const )?)?\w+\[(\d+)\](?=;| =)/g)) {
    arrays += (pointer ? POINTER : BYTES[bits]) * Number(length);
  }
  return { arrays, pushed };
}
