import { type CFiles } from '../c/index.ts';
import type { Graph } from '../graph/graph.ts';
import type { CoreName } from '../mcu/targets.ts';
import { build, run } from './program.ts';
import { tensorBytes } from '../c/network.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const HOOKS = `
#define THUMBNET_LAYER(number) __asm volatile(".global thumbnet_mark_" #number "\\nthumbnet_mark_" #number ":" ::: "memory")
#ifdef THUMBNET_TRACE
extern int32_t trace_file;
extern void host_write(int32_t file, const void *from, uint32_t bytes);
#define THUMBNET_DONE(number, tensor, bytes) host_write(trace_file, tensor, bytes)
#else
#define THUMBNET_DONE(number, tensor, bytes)
#endif
`;

export function mainText(graph: Graph, name: string): string {
  const bytes = (ts: readonly number[]) => ts.map((t) => tensorBytes(graph.tensors[t].dtype, graph.tensors[t].shape));
  const ins = bytes(graph.inputs),
    outs = bytes(graph.outputs);
  const type = (t: number) =>
    (({ i8: 'int8_t', u8: 'uint8_t', i16: 'int16_t', f32: 'float', i32: 'int32_t' }) as Record<string, string>)[
      graph.tensors[t].dtype
    ];
  return `#include "${name}.h"
#include "semihosting.h"
int32_t trace_file;
${ins.map((b, i) => `static _Alignas(16) uint8_t in${i}[${b}];`).join('\n')}
${outs.map((b, i) => `static _Alignas(16) uint8_t out${i}[${b}];`).join('\n')}
int main(void) {
  int32_t in = host_open("in.bin", HOST_READ), out = host_open("out.bin", HOST_WRITE);
  trace_file = host_open("trace.bin", HOST_WRITE);
  while (host_read(in, in0, sizeof in0) == sizeof in0) {
    ${ins
      .slice(1)
      .map((_, i) => `host_read(in, in${i + 1}, sizeof in${i + 1});`)
      .join('\n')}
    ${name}_invoke(${[...ins.map((_, i) => `(const ${type(graph.inputs[i])} *)in${i}`), ...outs.map((_, i) => `(${type(graph.outputs[i])} *)out${i}`)].join(', ')});
    ${outs.map((_, i) => `host_write(out, out${i}, sizeof out${i});`).join('\n')}
  }
  return 0;
}
`;
}
