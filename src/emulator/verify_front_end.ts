/** A front end in C on an emulated core beside the engine's: features, answers, and the answers of a stream, bit for bit. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CExport } from '../c/index.ts';
import { noise } from '../c/project/example.ts';
import { numbered } from '../c/project/source.ts';
import { typeOf } from '../c/project/types.ts';
import { planBatch } from '../data/index.ts';
import { compileFrontEnd, type FrontEnd, shapeOf } from '../features/index.ts';
import { type Graph, newValues, sizeOf } from '../graph/graph.ts';
import { compile } from '../run/compile.ts';
import type { Target } from '../targets/index.ts';
import type { Heap } from '../wasm/heap.ts';
import { build, run } from './program.ts';
import { sourcesOf } from './verify.ts';

export interface FrontEndVerification {
  readonly examples: number;
  /** Where the chip first differs. */
  readonly difference: {
    readonly example: number;
    readonly what: 'features' | 'answer' | 'stream';
    readonly index: number;
  } | null;
  /** Executed for the features of the first example. */
  readonly instructions: number;
  /** Bytes of code, and of RAM for work and for a stream. */
  readonly codeBytes: number;
  readonly workBytes: number;
  readonly streamBytes: number;
}

/**
 * @param given examples of samples, integers of 16 bits; by default noise of all heights, silence, ends and tones
 * @throws Error where compiler or emulator fail
 */
export async function verifyFrontEnd(
  heap: Heap,
  graph: Graph,
  target: Target,
  generated: CExport,
  given: readonly Int16Array[] | null,
  count: number,
): Promise<FrontEndVerification> {
  const { frontEnd, workBytes, streamBytes } = generated.frontEnd!;
  const size = frontEnd.samples * frontEnd.channels;
  const examples = given ?? Array.from({ length: count }, (_, e) => madeSamples(e, size));
  const sources = { ...sourcesOf(graph, generated), 'verify_main.c': mainText(graph, generated) };
  const program = await build({ core: target.core, sources, flags: ['-O2'] });
  try {
    const bytes = new Uint8Array(2 * size * examples.length);
    examples.forEach((x, i) => void bytes.set(new Uint8Array(x.buffer, x.byteOffset, 2 * size), 2 * size * i));
    const marks = ['thumbnet_mark_begin', 'thumbnet_mark_end'];
    const { exitCode, printed, passed } = await run(program, { files: { 'in.bin': bytes }, marks });
    if (exitCode !== 0) throw new Error(`the program on the emulated ${target.core} ended with ${exitCode}: ${printed.trim()}`);
    const got = new Uint8Array(await readFile(join(program.folder, 'out.bin')));
    const at = (mark: string) => passed.find((p) => p.mark === mark)!.instructions;
    return {
      examples: examples.length,
      difference: firstDifference(heap, graph, generated, examples, got),
      instructions: at(marks[1]) - at(marks[0]),
      codeBytes: program.linked.get(`${generated.name}_features.c`)?.['.text'] ?? 0,
      workBytes,
      streamBytes,
    };
  } finally {
    await program.remove();
  }
}

/** Noise of a height, silence, the ends in turns, a tone. */
function madeSamples(e: number, size: number): Int16Array {
  const next = noise(2000 + e);
  const height = 2 ** (15 - (e % 12));
  return Int16Array.from({ length: size }, (_, i) => {
    if (e % 5 === 1) return 0;
    if (e % 5 === 2) return next() & 1 ? 32767 : -32768;
    if (e % 5 === 3) return Math.round(((i * (e + 3)) % 97) * (height / 97) - height / 2);
    return Math.max(-32768, Math.min(32767, Math.floor((next() / 2 ** 31 - 1) * height)));
  });
}

/** For each example: the input that the features are, the answer to it, and the last answers of a stream that was given the example in pieces, once and once more. */
function mainText(graph: Graph, { name, frontEnd, network }: CExport): string {
  const { samples, channels } = frontEnd!.frontEnd;
  const [input] = graph.inputs;
  const { outputs, tensors } = graph;
  const type = typeOf(tensors[input].dtype);
  const outs = outputs.map(
    (t, i) =>
      `static _Alignas(16) ${typeOf(tensors[t].dtype)} ${numbered('out', i, outputs.length)}[${sizeOf(tensors[t].shape)}];`,
  );
  const names = outputs.map((_, i) => numbered('out', i, outputs.length));
  const write = names.map((n) => `(void)fwrite(${n}, 1, sizeof ${n}, answers);`).join('\n    ');
  const clear = names.map((n) => `memset(${n}, 0, sizeof ${n});`).join(' ');
  const mark = (which: string) => `__asm volatile(".global thumbnet_mark_${which}\\nthumbnet_mark_${which}:" ::: "memory");`;
  return `#include "${name}_features.h"
#include <stdio.h>
#include <string.h>
static int16_t samples[${samples * channels}];
static _Alignas(16) ${type} in[${sizeOf(tensors[input].shape)}];
${outs.join('\n')}
FILE *trace_file;
__attribute__((noinline)) static void features(void) {
  ${mark('begin')}
  ${name}_features(in, samples);
  ${mark('end')}
}
int main(void) {
  FILE *given = fopen("in.bin", "rb"), *answers = fopen("out.bin", "wb");
  while (fread(samples, 1, sizeof samples, given) == sizeof samples) {
    features();
    (void)fwrite(in, 1, sizeof in, answers);
    ${network.stateBytes ? `${name}_reset();` : ''}
    ${name}_classify(samples, ${names.join(', ')});
    ${write}
    ${clear}
    ${network.stateBytes ? `${name}_reset();` : ''}
    ${name}_stream_reset();
    for (int32_t round = 0; round < ${network.stateBytes ? 1 : 2}; round++) {
      for (int32_t at = 0, piece = 1; at < ${samples}; at += piece, piece = (piece * 7) % 513 + 1) {
        const int32_t n = (at + piece > ${samples}) ? ${samples} - at : piece;
        (void)${name}_push(&samples[at * ${channels}], n, ${names.join(', ')});
        piece = n;
      }
      ${write}
    }
  }
  fclose(answers);
  return 0;
}
`;
}

/** The same front end over more samples: its frames go on. */
const goingOn = (front: FrontEnd, samples: number): FrontEnd => ({
  ...front,
  samples,
  frames: 1 + Math.floor((samples - front.frame) / front.hop),
});

function firstDifference(
  heap: Heap,
  graph: Graph,
  { frontEnd: attached, network }: CExport,
  examples: readonly Int16Array[],
  got: Uint8Array,
): FrontEndVerification['difference'] {
  const { frontEnd, normalization } = attached!;
  const input = graph.tensors[graph.inputs[0]];
  const none = { inputs: [new Float32Array(0)], y: null, count: 0 };
  const about = {
    name: 'samples',
    classes: 0,
    validation: null,
    test: null,
    layout: 'nhwc',
    sourceFiles: [],
    notes: [],
  } as const;
  const inputs = [{ name: input.name, shape: shapeOf(frontEnd) }];
  const [{ convert, period, size }] = planBatch({ ...about, inputs, train: none, normalization }, [input]).inputs;
  const unit = 2 ** frontEnd.exponent;
  return heap.scope(() => {
    const front = compileFrontEnd(heap, frontEnd);
    const twice = compileFrontEnd(heap, goingOn(frontEnd, 2 * frontEnd.samples));
    const engine = compile(heap, graph);
    let at = 0;
    const compare = (wanted: ArrayBufferView): number => {
      const bytes = new Uint8Array(wanted.buffer, wanted.byteOffset, wanted.byteLength);
      const from = at;
      at += bytes.length;
      return bytes.findIndex((b, i) => b !== got[from + i]);
    };
    const inputOf = (q: Int16Array): Int8Array => {
      const x = newValues(input.dtype, size) as Int8Array;
      for (let i = 0; i < size; i++) x[i] = convert(q[i] * unit, i % period);
      return x;
    };
    const featuresOf = (compiled: typeof front, samples: Int16Array): Int16Array => {
      heap.write(compiled.input, samples);
      compiled.run();
      return (heap.read(compiled.output) as Int16Array).slice(-size);
    };
    for (const [example, samples] of examples.entries()) {
      const x = inputOf(featuresOf(front, samples));
      const features = compare(x);
      if (features >= 0) return { example, what: 'features' as const, index: features };
      const runOf = (of: Int8Array) => {
        heap.write(engine.inputs[0], of);
        engine.run();
        return engine.outputs.map((o) => heap.read(o));
      };
      engine.reset();
      const answers = runOf(x);
      // a network with a state has run at each hop in between: what it says then is not compared
      const later = network.stateBytes ? null : runOf(inputOf(featuresOf(twice, Int16Array.of(...samples, ...samples))));
      for (const [what, wanted] of [
        ['answer', answers],
        ['stream', answers],
        ['stream', later],
      ] as const) {
        for (const answer of wanted ?? []) {
          const index = compare(answer);
          if (index >= 0) return { example, what, index };
        }
      }
    }
    if (at !== got.length) throw new Error(`the program wrote ${got.length} bytes, not ${at}`);
    return null;
  });
}
