import type { DType } from '../../graph/graph.ts';
import { type Network, tensorBytes } from '../network.ts';
import { type Argument, type CType, lines, type Parts } from '../parts.ts';

const TYPES: Readonly<Record<DType, CType>> = {
  i4: 'int8_t',
  i8: 'int8_t',
  u8: 'uint8_t',
  bool: 'uint8_t',
  i16: 'int16_t',
  i32: 'int32_t',
  i64: 'int64_t',
  f32: 'float',
};

export const typeOf = (dtype: DType): CType => TYPES[dtype];

/** Parameters of the inference function: inputs, then outputs, in the model's order. */
export function parameters({ graph }: Network): string {
  const name = (base: string, i: number, n: number) => (n > 1 ? `${base}${i}` : base);
  const { inputs, outputs, tensors } = graph;
  return [
    ...inputs.map((t, i) => `const ${typeOf(tensors[t].dtype)} *${name('in', i, inputs.length)}`),
    ...outputs.map((t, i) => `${typeOf(tensors[t].dtype)} *${name('out', i, outputs.length)}`),
  ].join(', ');
}

/** The code file. */
export function sourceText(network: Network, parts: Parts, name: string): string {
  const macro = name.toUpperCase();
  const { graph, layers, places, arenaBytes, stateBytes } = network;
  const pointer = (t: number): string => {
    const place = places.get(t)!;
    const type = typeOf(graph.tensors[t].dtype);
    if (place.in === 'arena' || place.in === 'state') {
      const bytes = `&${place.in}[${place.offset}]`;
      return type === 'int8_t' ? bytes : `(${type} *)(void *)${bytes}`;
    }
    const all = place.in === 'input' ? graph.inputs : graph.outputs;
    return `${place.in === 'input' ? 'in' : 'out'}${all.length > 1 ? place.index : ''}`;
  };
  const argument = (a: Argument, scratchOffset: number): string => {
    if (a === 'scratch') return `(uint32_t *)(void *)&arena[${scratchOffset}]`;
    if ('tensor' in a) return pointer(a.tensor);
    return 'table' in a ? a.table : a.text;
  };
  const calls = layers.flatMap(({ calls, scratchOffset, outputs }, i) => [
    `THUMBNET_LAYER(${i});`,
    ...calls.map((c) => `${c.function}(${c.arguments.map((a) => argument(a, scratchOffset)).join(', ')});`),
    ...outputs.map((t) => `THUMBNET_DONE(${i}, ${pointer(t)}, ${tensorBytes(graph.tensors[t].dtype, graph.tensors[t].shape)});`),
  ]);
  return lines(`
    #include "${name}.h"

    #include "${name}_weights.h"

    #include <stdint.h>
    #include <string.h>

    #if defined(THUMBNET_HOOKS)
    #include "thumbnet_hooks.h"
    #else
    #define THUMBNET_LAYER(number)
    #define THUMBNET_DONE(number, tensor, bytes)
    #endif

    ${parts.functions.join('\n').replace(/\n/g, '\n    ')}
    static _Alignas(16) int8_t arena[${Math.max(16, arenaBytes)}];
    ${stateBytes ? `static _Alignas(16) int8_t state[${stateBytes}];` : ''}

    void ${name}_invoke(${parameters(network)}) {
      ${calls.join('\n      ')}
      THUMBNET_LAYER(${layers.length});
    }
    `)
    .replace(/^[ \t]+$/gm, '')
    .replace(/macro/g, macro);
}
