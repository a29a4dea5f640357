import { type AttachedFrontEnd, frontEndIn } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { graphDigest } from '../graph/digest.ts';
import { type Graph, newValues, sizeOf, type Values } from '../graph/graph.ts';
import { compile } from '../run/compile.ts';
import type { Target } from '../targets/index.ts';
import type { Heap } from '../wasm/heap.ts';
import { frontEndC, whyNoFrontEnd } from './front_end.ts';
import { emitInto, type Network } from './network.ts';
import { ALIGNMENT, type Kernels, Parts, type Trade, variantOf } from './parts.ts';
import { BOARDS, linkerScript, STARTUP } from './project/boards.ts';
import { cmakeLists, toolchainFile } from './project/cmake.ts';
import { type Example, exampleText, type Golden, modelLine, noise } from './project/example.ts';
import { headerText } from './project/header.ts';
import { readmeText } from './project/readme.ts';
import { sourceText } from './project/source.ts';
import { tableBytes, weightsHeader, weightsText } from './project/weights.ts';
import { withoutPads } from './run_graph.ts';
import { planNetwork } from './schedule.ts';

/**
 * Kernel calls -> C. The plan of the files:
 *
 *   network.ts        lowers a graph, emits its layers, plans the arena
 *   schedule.ts       which layers run band by band where RAM counts most; bands.ts says what a band is
 *   layers.ts         a family of kernels -> its emitter; convolve.ts, depthwise.ts, dense.ts, elementwise.ts, pool.ts choose one by variant
 *   parts.ts          what layers share: functions and tables; format.ts indents C
 *   rescale.ts        exact rescaling and the check of a cheaper form at all thresholds; fit.ts, linear_sum.ts look for such forms
 *   plain/            C for any core and geometry, one file per family: what all else falls back to
 *   dsp/ mve/ thumb1/ one file per family: assembly and its plain twin
 *   cmsis_nn/         calls of CMSIS-NN in place of all these
 *   tflm/             a folder for TensorFlow Lite Micro: the model's file, its operators, its arena
 *   project/          the files of a folder: header, source, weights, example, CMake, board
 */

export interface GenerateOptions {
  /** An identifier of C; all that is global begins with `thumbnet_` and it. */
  readonly name: string;
  /** What is known of where the model comes from, for the first lines of each file. */
  readonly recipe?: string | null;
  /** By default `balanced`. */
  readonly trade?: Trade;
  /** By default `own`. */
  readonly kernels?: Kernels;
  /** Examples that `main.c` runs, by default two of noise. */
  readonly examples?: readonly Example[];
  /** What `main.c` calls the classes. */
  readonly classNames?: readonly string[];
  /** What makes the input of samples; by default what the model's file names. */
  readonly frontEnd?: AttachedFrontEnd | null;
}

export interface CExport {
  /** Text by file name, in the order of reading. */
  readonly files: Readonly<Record<string, string>>;
  readonly name: string;
  readonly network: Network;
  /** Bytes of constants. */
  readonly constantBytes: number;
  /** What makes the input of samples, where the model has such a front end: bytes of RAM for its work and for a stream. */
  readonly frontEnd: (AttachedFrontEnd & { readonly workBytes: number; readonly streamBytes: number }) | null;
  /** Where a fast form was not exact, and what replaces it. */
  readonly notes: readonly { readonly layer: string; readonly note: string }[];
}

/**
 * A folder of C for an integer graph on a chip. Equal input gives equal text, in every host.
 *
 * @throws CompressError `bad-option` for a name that C cannot hold, `unsupported` for an operator without an integer form
 */
export async function generateC(heap: Heap, graph: Graph, target: Target, options: GenerateOptions): Promise<CExport> {
  const name = `thumbnet_${checkName(options.name)}`;
  const parts = new Parts(heap, variantOf(target.core), name, options.trade, options.kernels);
  const attached = options.frontEnd === undefined ? frontEndIn(graph) : options.frontEnd;
  // A stream keeps the frames that the network reads.
  const frugal = parts.trade === 'ram';
  const sketch = emitInto(new Parts(null, parts.variant, name, parts.trade));
  const bands = frugal && parts.kernels === 'own' ? { sketch, align: ALIGNMENT[parts.variant] } : null;
  const network = planNetwork(withoutPads(graph), emitInto(parts), { overwriteInputs: frugal && !attached, bands });
  const digest = await graphDigest(graph);
  const head = headOf(target, digest, options.recipe ?? null);
  const refusal = attached && whyNoFrontEnd(graph);
  const front = attached && !refusal ? frontEndC(network, name, attached, parts, head) : null;
  const golden = goldenOf(heap, graph, options.examples ?? null);
  const constantBytes = parts.tables.reduce((n, t) => n + tableBytes(t).length, 0);
  return {
    name,
    network,
    constantBytes,
    frontEnd: front && { ...attached!, workBytes: front.workBytes, streamBytes: front.streamBytes },
    notes: [
      ...(refusal ? [{ layer: graph.tensors[graph.inputs[0]].name, note: refusal }] : []),
      ...network.layers.flatMap((l) => l.notes.map((note) => ({ layer: l.name, note }))),
    ],
    files: {
      [`${name}.h`]: headerText(network, name, head, { align: ALIGNMENT[parts.variant], kernels: parts.kernels }),
      [`${name}.c`]: sourceText(network, parts, name, head),
      ...(front && { [`${name}_features.h`]: front.header, [`${name}_features.c`]: front.source }),
      [`${name}_weights.h`]: weightsHeader(parts.tables, name, head),
      [`${name}_weights.c`]: weightsText(parts.tables, name, head),
      'main.c': exampleText(
        network,
        name,
        golden,
        {
          classNames: options.classNames ?? [],
          kernels: parts.kernels,
          line: modelLine(graph.name, digest, target.name, parts.kernels),
        },
        head,
      ),
      'CMakeLists.txt': cmakeLists(name, target.core, parts.kernels, front !== null),
      'README.md': readmeText(network, name, target, {
        digest,
        tableBytes: constantBytes,
        kernels: parts.kernels,
        hasFeatures: front !== null,
      }),
      'board/startup.c': STARTUP,
      'board/board.ld': linkerScript(BOARDS[target.core], 8192),
      'board/toolchain.cmake': toolchainFile(target.core),
    },
  };
}

/** @throws CompressError `bad-option` */
export function checkName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,47}$/.test(name)) return name.toLowerCase();
  throw new CompressError(
    'bad-option',
    `"${name}" cannot be a part of a name in C`,
    'give a name of letters, digits and underscores that begins with a letter, at most 48 long',
  );
}

/** First lines of each file. */
export function headOf(target: Target, digest: string, recipe: string | null): string {
  const lines = [`Written by Thumbnet for ${target.name} (${target.core}).`, `Model ${digest}`];
  if (recipe) lines.push(`Recipe ${recipe}`);
  return `/*\n${lines.map((l) => ` * ${l}\n`).join('')} */\n`;
}

const EXAMPLES = 2;

/** What the engine answers to the examples. */
export function goldenOf(heap: Heap, graph: Graph, given: readonly Example[] | null): Golden[] {
  const examples = given ?? Array.from({ length: EXAMPLES }, (_, g): Example => ({ inputs: noiseInputs(graph, g + 1) }));
  const made = !given && graph.inputs.every((t) => graph.tensors[t].dtype !== 'f32');
  return heap.scope(() => {
    const program = compile(heap, graph);
    return examples.map(({ inputs, expected = null }): Golden => {
      for (const [i, v] of inputs.entries()) heap.write(program.inputs[i], v as ArrayLike<number>);
      program.reset();
      program.run();
      return { inputs: made ? null : inputs, expected, outputs: program.outputs.map((o) => heap.read(o)) };
    });
  });
}

/** Inputs as `main.c` makes them: bytes of noise, one tensor after another; real numbers of -2..2. */
export function noiseInputs(graph: Graph, seed: number): Values[] {
  const next = noise(seed);
  return graph.inputs.map((t) => {
    const values = newValues(graph.tensors[t].dtype, sizeOf(graph.tensors[t].shape));
    if (values instanceof Float32Array) return values.map(() => (next() >>> 24) / 64 - 2);
    const bytes = new Uint8Array(values.buffer);
    for (let i = 0; i < bytes.length; i++) bytes[i] = next() >>> 24;
    return values;
  });
}
