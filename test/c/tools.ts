import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CExport } from '../../src/c/index.ts';
import { tensorBytes } from '../../src/c/network.ts';
import { numbered } from '../../src/c/project/source.ts';
import { typeOf } from '../../src/c/project/types.ts';
import { examplesOf } from '../../src/emulator/examples.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { compile } from '../../src/run/compile.ts';
import type { Heap } from '../../src/wasm/heap.ts';

/** Whether a program can be run here. Where CI is set a missing one is a mistake, not a reason to skip. */
export function hasProgram(name: string, flag = '--version'): boolean {
  const there = spawnSync(name, [flag]).status === 0;
  if (!there && process.env.CI) throw new Error(`${name} is missing: .ci/run installs it`);
  return there;
}

export const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Wvla', '-Werror'];

/** Work in a folder that holds these files and goes away after it. */
export function inFolder<T>(files: Readonly<Record<string, string>>, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'thumbnet-host-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A program that runs the network on every input of stdin and writes its outputs. */
export function streamMain({ name, network }: CExport): string {
  const { inputs, outputs, tensors } = network.graph;
  const buffer = (ts: readonly number[], base: string) =>
    ts.map((t, i) => {
      const { dtype, shape } = tensors[t];
      const type = typeOf(dtype);
      return `static _Alignas(16) ${type} ${numbered(base, i, ts.length)}[${tensorBytes(dtype, shape)} / sizeof(${type})];`;
    });
  const ins = inputs.map((_, i) => numbered('in', i, inputs.length));
  const outs = outputs.map((_, i) => numbered('out', i, outputs.length));
  return `#include "${name}.h"
#include <stdio.h>
${[...buffer(inputs, 'in'), ...buffer(outputs, 'out')].join('\n')}
int main(void) {
  for (;;) {
    ${ins.map((n) => `if (fread(${n}, 1, sizeof ${n}, stdin) != sizeof ${n}) { return 0; }`).join('\n    ')}
    ${network.stateBytes ? `${name}_reset();` : ''}
    ${name}_invoke(${[...ins, ...outs].join(', ')});
    ${outs.map((n) => `(void)fwrite(${n}, 1, sizeof ${n}, stdout);`).join('\n    ')}
  }
}
`;
}

export const SANITIZERS = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

const bytesOf = (
  values: readonly { readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number }[],
) => Buffer.concat(values.map((v) => Buffer.from(v.buffer as ArrayBuffer, v.byteOffset, v.byteLength)));

/** Inputs in the order that a program reads them, and what the engine answers. */
export function casesOf(heap: Heap, graph: Graph, count: number): { given: Buffer; wanted: Buffer } {
  const examples = examplesOf(graph, count);
  const wanted = heap.scope(() => {
    const engine = compile(heap, graph);
    return examples.flatMap((inputs) => {
      for (const [i, v] of inputs.entries()) heap.write(engine.inputs[i], v as ArrayLike<number>);
      engine.reset();
      engine.run();
      return engine.outputs.map((o) => bytesOf([heap.read(o)]));
    });
  });
  return { given: bytesOf(examples.flat()), wanted: Buffer.concat(wanted) };
}

/** What the plain twins answer on the host to bytes of inputs, compiled with these flags. */
export function onHost(generated: CExport, compiler: string, flags: readonly string[], inputs: Uint8Array): Uint8Array {
  const { files, name } = generated;
  return inFolder({ ...files, 'stream_main.c': streamMain(generated) }, (cwd) => {
    const sources = ['stream_main.c', `${name}.c`, `${name}_weights.c`];
    execFileSync(compiler, ['-std=c11', ...flags, '-o', 'program', ...sources], { cwd, stdio: 'pipe' });
    return execFileSync(join(cwd, 'program'), { input: inputs, maxBuffer: 2 ** 28 });
  });
}
