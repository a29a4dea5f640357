import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CExport, generateC } from '../c/index.ts';
import { tensorBytes } from '../c/network.ts';
import { type Trade, USUAL_TRADE } from '../c/parts.ts';
import { numbered } from '../c/project/source.ts';
import { typeOf } from '../c/project/types.ts';
import { withoutPads } from '../c/run_graph.ts';
import { type Graph, newValues, sizeOf, type Values } from '../graph/graph.ts';
import { compile, type Program as Engine } from '../run/compile.ts';
import type { CoreName, Target } from '../targets/index.ts';
import { Heap } from '../wasm/heap.ts';
import { examplesOf } from './examples.ts';
import { build, run } from './program.ts';
import { stackBound } from './stack.ts';

export interface VerifyOptions {
  /** How many examples are run. */
  readonly inputs?: number;
  /** More flags of the compiler. */
  readonly flags?: readonly string[];
  readonly generated?: CExport;
}

export interface LayerCount {
  readonly name: string;
  readonly kernel: string;
  /** Where it is another than the usual one. */
  readonly form?: string;
  /** Where it is one band of several: which rows of its output. */
  readonly rows?: { readonly from: number; readonly end: number };
  /** Executed instructions in the first example. */
  readonly instructions: number;
}

/** Where the chip's answer first differs from the engine's. */
export interface Difference {
  readonly example: number;
  readonly layer: string;
  readonly kernel: string;
  readonly index: number;
  readonly expected: number;
  readonly actual: number;
}

export interface Verification {
  readonly core: CoreName;
  readonly examples: number;
  readonly difference: Difference | null;
  readonly layers: readonly LayerCount[];
  readonly instructions: number;
  /** Bytes of stack in use below `main`'s caller, painted; and bytes of the image by section. */
  readonly stackBytes: number;
  /** What it cannot exceed: frames that the compiler states along the deepest path of calls. */
  readonly stackBoundBytes: number;
  /** The largest part of the arena that a layer takes for itself. */
  readonly scratchBytes: number;
  readonly sections: Readonly<Record<string, number>>;
  /** Bytes of the generated functions and of the constants alone. */
  readonly codeBytes: number;
  readonly constantBytes: number;
}

const FLAGS = ['-O2', '-DTHUMBNET_HOOKS'];

/**
 * Compiles the C of an integer graph for the board of a core, runs it there and compares all outputs with the engine, bit for bit.
 *
 * @throws Error where compiler or emulator fail
 */
export async function verifyGraph(heap: Heap, graph: Graph, target: Target, options: VerifyOptions = {}): Promise<Verification> {
  const { inputs: count = 4, flags = [] } = options;
  const generated = options.generated ?? (await generateC(heap, graph, target, { name: 'network' }));
  const examples = examplesOf(graph, count);
  const sources = sourcesOf(graph, generated);
  const program = await build({ core: target.core, sources, flags: [...FLAGS, ...flags] });
  try {
    const marks = Array.from({ length: generated.network.layers.length + 1 }, (_, i) => `thumbnet_mark_${i}`);
    const given = bytesOfAll(examples.flat());
    const { exitCode, printed, passed } = await run(program, { files: { 'in.bin': given }, marks });
    if (exitCode !== 0) throw new Error(`the program on the emulated ${target.core} ended with ${exitCode}: ${printed.trim()}`);
    const got = new Uint8Array(await readFile(join(program.folder, 'out.bin')));
    const differs = await firstDifferent(heap, graph, examples, got);
    const difference =
      differs === null ? null : await locate(heap, graph, target, generated, examples[differs], differs, sources, flags);
    // A mark before a loop is passed once a turn where the compiler leaves nothing between them.
    const first = marks.map((mark) => passed.find((p) => p.mark === mark)!);
    const layers = generated.network.layers.map(({ name, kernel, form, rows }, i) => ({
      name,
      kernel,
      ...(form && { form }),
      ...(rows && { rows }),
      instructions: first[i + 1].instructions - first[i].instructions,
    }));
    return {
      core: target.core,
      examples: count,
      difference,
      layers,
      instructions: layers.reduce((n, l) => n + l.instructions, 0),
      stackBytes: Number(/stack (\d+)/.exec(printed)?.[1] ?? Number.NaN),
      stackBoundBytes: stackBound(program.stack, `${generated.name}_invoke`),
      scratchBytes: Math.max(0, ...generated.network.layers.map((l) => l.scratchBytes)),
      sections: program.sections,
      codeBytes: program.linked.get(`${generated.name}.c`)?.['.text'] ?? 0,
      constantBytes: generated.constantBytes,
    };
  } finally {
    await program.remove();
  }
}

/**
 * Instructions of one inference of the C of an integer graph, on the emulated core.
 *
 * @throws Error where compiler or emulator fail, or an output differs from the engine's
 */
export async function countInstructions(graph: Graph, target: Target, trade: Trade = USUAL_TRADE): Promise<number> {
  const heap = await Heap.open();
  const generated = await generateC(heap, graph, target, { name: 'network', trade });
  const { difference, instructions } = await verifyGraph(heap, graph, target, { inputs: 1, generated });
  if (difference)
    throw new Error(`"${difference.layer}" answers otherwise on the emulated ${target.core} than the integer engine`);
  return instructions;
}

const bytesOf = (v: Values): Uint8Array => new Uint8Array(v.buffer, v.byteOffset, v.byteLength);

function bytesOfAll(values: readonly Values[]): Uint8Array {
  const all = new Uint8Array(values.reduce((n, v) => n + v.byteLength, 0));
  let at = 0;
  for (const v of values) {
    all.set(bytesOf(v), at);
    at += v.byteLength;
  }
  return all;
}

/** The number of the first example whose outputs differ, or null. */
async function firstDifferent(
  heap: Heap,
  graph: Graph,
  examples: readonly (readonly Values[])[],
  got: Uint8Array,
): Promise<number | null> {
  return heap.scope(() => {
    const engine = compile(heap, graph);
    let at = 0;
    for (const [e, inputs] of examples.entries()) {
      answer(heap, engine, inputs);
      for (const output of engine.outputs) {
        const wanted = bytesOf(heap.read(output));
        for (let i = 0; i < wanted.length; i++) if (got[at + i] !== wanted[i]) return e;
        at += wanted.length;
      }
    }
    if (at !== got.length) throw new Error(`the program wrote ${got.length} bytes of outputs, not ${at}`);
    return null;
  });
}

function answer(heap: Heap, engine: Engine, inputs: readonly Values[]): void {
  for (const [i, v] of inputs.entries()) heap.write(engine.inputs[i], v as ArrayLike<number>);
  engine.reset();
  engine.run();
}

/** Runs one example again with every layer's output written out, and finds the first that differs. */
async function locate(
  heap: Heap,
  graph: Graph,
  target: Target,
  { network }: CExport,
  inputs: readonly Values[],
  example: number,
  sources: Readonly<Record<string, string>>,
  flags: readonly string[],
): Promise<Difference> {
  const program = await build({ core: target.core, sources, flags: [...FLAGS, '-DTHUMBNET_TRACE', ...flags] });
  try {
    await run(program, { files: { 'in.bin': bytesOfAll(inputs) } });
    const trace = new Uint8Array(await readFile(join(program.folder, 'trace.bin')));
    return heap.scope(() => {
      const { tensors } = withoutPads(graph);
      const engine = compile(heap, withoutPads(graph), { keepAll: true });
      answer(heap, engine, inputs);
      let at = 0;
      for (const { name, kernel, outputs } of network.layers) {
        for (const t of outputs) {
          const expected = heap.read(engine.operands[t]);
          const actual = newValues(tensors[t].dtype, sizeOf(tensors[t].shape));
          bytesOf(actual).set(trace.subarray(at, at + actual.byteLength));
          at += actual.byteLength;
          const index = expected.findIndex((v: number | bigint, i: number) => v !== actual[i]);
          if (index < 0) continue;
          return { example, layer: name, kernel, index, expected: Number(expected[index]), actual: Number(actual[index]) };
        }
      }
      throw new Error('an output differs, but no layer does when every output is written out');
    });
  } finally {
    await program.remove();
  }
}

const HOOKS = `#include <stdio.h>
extern FILE *trace_file;
#define THUMBNET_RUN __attribute__((noinline))
#define THUMBNET_LAYER(number) __asm volatile(".global thumbnet_mark_" #number "\\nthumbnet_mark_" #number ":" ::: "memory")
#if defined(THUMBNET_TRACE)
#define THUMBNET_DONE(number, tensor, bytes) (void)fwrite(tensor, 1, bytes, trace_file)
#else
#define THUMBNET_DONE(number, tensor, bytes)
#endif
`;

export function sourcesOf(graph: Graph, { files, name, network }: CExport): Record<string, string> {
  const { inputs, outputs, tensors } = graph;
  const buffers = (ts: readonly number[], base: string) =>
    ts.map((t, i) => {
      const { dtype, shape } = tensors[t];
      return `static _Alignas(16) ${typeOf(dtype)} ${numbered(base, i, ts.length)}[${tensorBytes(dtype, shape)} / sizeof(${typeOf(dtype)})];`;
    });
  const ins = inputs.map((_, i) => numbered('in', i, inputs.length));
  const outs = outputs.map((_, i) => numbered('out', i, outputs.length));
  const main = `#include "${name}.h"
#include <stdint.h>
#include <stdio.h>
${buffers(inputs, 'in').join('\n')}
${buffers(outputs, 'out').join('\n')}
FILE *trace_file;
extern uint32_t stack_limit, stack_top;
#define PAINT 0xa5c3f00du
__attribute__((noinline)) static void paint(void) {
  register uint32_t *sp __asm("sp");
  for (volatile uint32_t *p = &stack_limit; p < sp; p++) *p = PAINT;
}
__attribute__((noinline)) static unsigned long used(uintptr_t top) {
  const uint32_t *p = &stack_limit;
  while (p < &stack_top && *p == PAINT) p++;
  return (unsigned long)(top - (uintptr_t)p);
}
int main(void) {
  FILE *given = fopen("in.bin", "rb"), *answers = fopen("out.bin", "wb");
  trace_file = fopen("trace.bin", "wb");
  unsigned long deepest = 0;
  while (fread(${ins[0]}, 1, sizeof ${ins[0]}, given) == sizeof ${ins[0]}) {
    ${ins
      .slice(1)
      .map((n) => `(void)fread(${n}, 1, sizeof ${n}, given);`)
      .join('\n    ')}
    ${network.stateBytes ? `${name}_reset();` : ''}
    paint();
    ${name}_invoke(${[...ins, ...outs].join(', ')});
    register uintptr_t sp __asm("sp");
    if (used(sp) > deepest) deepest = used(sp);
    ${outs.map((n) => `(void)fwrite(${n}, 1, sizeof ${n}, answers);`).join('\n    ')}
  }
  printf("stack %lu\\n", deepest);
  fclose(answers);
  fclose(trace_file);
  return 0;
}
`;
  const own = Object.entries(files).filter(([file]) => file.startsWith(name));
  return { ...Object.fromEntries(own), 'verify_main.c': main, 'thumbnet_hooks.h': HOOKS };
}
