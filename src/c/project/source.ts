import { sizeOf } from '../../graph/graph.ts';
import { formatC } from '../format.ts';
import { isOverwritten, type Layer, type Network, type Place, tensorBytes } from '../network.ts';
import { type Argument, BYTES_OF_TYPE, type NamedText, type Parts } from '../parts.ts';
import { typeOf } from './types.ts';

/** Inputs, then outputs, in the model's order: `const int8_t *in`, or `in0`, `in1` where there are several. */
export function parameters(network: Network): string[] {
  const { inputs, outputs, tensors } = network.graph;
  const kept = (i: number) => (isOverwritten(network, i) ? '' : 'const ');
  return [
    ...inputs.map((t, i) => `${kept(i)}${typeOf(tensors[t].dtype)} *${numbered('in', i, inputs.length)}`),
    ...outputs.map((t, i) => `${typeOf(tensors[t].dtype)} *${numbered('out', i, outputs.length)}`),
  ];
}

export const numbered = (base: string, i: number, count: number): string => (count > 1 ? `${base}${i}` : base);

/** Names of the parameters, as they are passed on. */
export const passed = ({ graph: { inputs, outputs } }: Network): string[] => [
  ...inputs.map((_, i) => numbered('in', i, inputs.length)),
  ...outputs.map((_, i) => numbered('out', i, outputs.length)),
];

/** The code file: kernels, and the calls of all layers. */
export function sourceText(network: Network, parts: Parts, name: string, head: string): string {
  const macro = name.toUpperCase();
  const { layers, arenaBytes, stateBytes } = network;
  const memory = [...(arenaBytes ? ['int8_t *arena'] : []), ...(stateBytes ? ['int8_t *state'] : [])];
  const own = [...(arenaBytes ? ['own_arena'] : []), ...(stateBytes ? ['own_state'] : [])];
  const called = new Set(layers.flatMap((l) => l.calls.map((c) => c.function)));
  return `${head}${formatC(`
    #include "${name}.h"

    #include "${name}_weights.h"

    ${parts.kernels === 'cmsis-nn' ? '#include "arm_nnfunctions.h"' : ''}

    #include <string.h>

    /* Called before each layer, and after it with what it wrote; a build that counts or compares gives them a meaning. */
    #if defined(THUMBNET_HOOKS)
    #include "thumbnet_hooks.h"
    #else
    #define THUMBNET_RUN
    #define THUMBNET_LAYER(number)
    #define THUMBNET_DONE(number, tensor, bytes)
    #endif

    /* Functions in assembly: their arguments and registers are those of the procedure call standard; the compiler must not analyse them.
       Functions that layers call: the compiler makes the same code of one whatever else a network has. */
    #if defined(__clang__)
    #define THUMBNET_ASSEMBLY __attribute__((naked, noinline))
    #define THUMBNET_KERNEL __attribute__((noinline))
    #else
    #define THUMBNET_ASSEMBLY __attribute__((naked, noinline, noipa))
    #define THUMBNET_KERNEL __attribute__((noinline, noipa))
    #endif

    _Static_assert(((-1) >> 1) == -1, "right shifts of negative numbers keep the sign");
    _Static_assert((sizeof(int) == 4u) && (sizeof(float) == 4u), "int and float have 32 bits");
    #if defined(__BYTE_ORDER__)
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "constants are packed for little-endian machines");
    #endif
    ${placesText(network, macro)}
  `)}
${parts
  .functions([...called, ...layers.flatMap((l) => l.asks ?? [])])
  .map((f) => (called.has(f.name) ? keptApart(f) : f.text))
  .join('\n')}
${formatC(`
    ${
      arenaBytes
        ? `#if !defined(${macro}_NO_ARENA)
    ${macro}_ARENA static _Alignas(16) int8_t own_arena[${macro}_ARENA_BYTES];
    #endif`
        : ''
    }
    ${
      stateBytes
        ? `#if !defined(${macro}_NO_ARENA)
    ${macro}_ARENA static _Alignas(16) int8_t own_state[${macro}_STATE_BYTES];
    #endif`
        : ''
    }

    THUMBNET_RUN void ${name}_run(${[...memory, ...parameters(network)].join(', ')}) {
      ${layers.map((_, i) => layerText(network, i)).join('\n')}
      THUMBNET_LAYER(${layers.length});
    }

    ${stateBytes ? resetText(network, name) : ''}

    ${parts.kernels === 'cmsis-nn' ? scratchText(network, name) : ''}

    #if !defined(${macro}_NO_ARENA)
    void ${name}_invoke(${parameters(network).join(', ')}) {
      ${name}_run(${[...own, ...passed(network)].join(', ')});
    }
    ${
      stateBytes
        ? `
    void ${name}_reset(void) {
      ${name}_reset_state(own_state);
    }`
        : ''
    }
    #endif
  `)}`;
}

/** A layer's function, and the plain twin of one in assembly: the compiler puts none into its neighbours. */
const keptApart = ({ name, text }: NamedText): string =>
  text.replace(new RegExp(`^static (?=\\w+ ${name}\\()`, 'gm'), 'THUMBNET_KERNEL static ');

/** Whether the library that is linked wants no more scratch than is planned: another version, or another build of it, may. */
function scratchText({ layers }: Network, name: string): string {
  const checks = layers.flatMap((l) => (l.asks ? [`(${l.asks}() <= ${l.scratchBytes})`] : []));
  return `
    int32_t ${name}_scratch_is_enough(void) {
      return ${checks.length ? `(${checks.join(' && ')}) ? 1 : 0` : '1'};
    }`;
}

/** Layers take their places in the arena for whole words or vectors. */
function placesText({ arenaBytes, stateBytes }: Network, macro: string): string {
  const banks = [...(arenaBytes ? ['ARENA'] : []), ...(stateBytes ? ['STATE'] : [])];
  return [
    `_Static_assert((16 % ${macro}_ALIGNMENT) == 0, "places in the arena are multiples of 16");`,
    ...banks.map((b) => `_Static_assert(${macro}_${b}_BYTES <= INT32_MAX, "offsets fit in 32 bits");`),
  ].join('\n');
}

/** The kernel of a layer, and which form or part of it. */
export function kernelText({ kernel, form, rows }: Pick<Layer, 'kernel' | 'form' | 'rows'>): string {
  const special = [...(form ? [form] : []), ...(rows ? [`rows ${rows.from} to ${rows.end - 1}`] : [])];
  return special.length ? `${kernel} (${special.join(', ')})` : kernel;
}

function layerText(network: Network, index: number): string {
  const { calls, scratchOffset, outputs, name } = network.layers[index];
  const { graph } = network;
  const argument = (a: Argument): string => {
    if (a === 'scratch') return `(uint32_t *)(void *)&arena[${scratchOffset}]`;
    if ('tensor' in a) return pointer(network, a.tensor);
    return 'table' in a ? a.table : a.text;
  };
  const done = outputs.map((t) => {
    const { dtype, shape } = graph.tensors[t];
    return `THUMBNET_DONE(${index}, ${pointer(network, t)}, ${tensorBytes(dtype, shape)});`;
  });
  return [
    `THUMBNET_LAYER(${index}); /* ${commentOf(name)}: ${kernelText(network.layers[index])} */`,
    ...calls.map((c) => `${c.function}(${c.arguments.map(argument).join(', ')});`),
    ...done,
  ].join('\n');
}

/** A name of the model, as a comment may hold it. */
export const commentOf = (name: string): string => name.replace(/[^\x20-\x7e]|\*\/|\/\*/g, '_').slice(0, 60);

/** Where a tensor lies, as an expression. */
function pointer({ graph, places }: Network, t: number): string {
  const place = places.get(t) as Place;
  const typed = (type: string, held: string, bytes: string) => (type === held ? bytes : `(${type} *)(void *)${bytes}`);
  const type = typeOf(graph.tensors[t].dtype);
  if (place.index === undefined) return typed(type, 'int8_t', `&${place.in}[${place.offset}]`);
  const all = place.in === 'input' ? graph.inputs : graph.outputs;
  const name = numbered(place.in === 'input' ? 'in' : 'out', place.index, all.length);
  const held = typeOf(graph.tensors[all[place.index]].dtype);
  return typed(type, held, place.offset ? `&${name}[${place.offset / BYTES_OF_TYPE[held]}]` : name);
}

/** State at the beginning of a stream: the number 0. */
function resetText(network: Network, name: string): string {
  const { graph, state } = network;
  const fills = state.map((t) => {
    const { dtype, shape, quant } = graph.tensors[t];
    const place = network.places.get(t) as { readonly offset: number };
    const zero = dtype === 'f32' ? 0 : (quant?.zeros[0] ?? 0);
    const bytes = tensorBytes(dtype, shape);
    if (zero === 0 || dtype === 'i8') return `(void)memset(&state[${place.offset}], ${zero}, ${bytes});`;
    const type = typeOf(dtype);
    return `
      for (int32_t i = 0; i < ${sizeOf(shape)}; i++) {
        ((${type} *)(void *)&state[${place.offset}])[i] = ${zero};
      }`;
  });
  return `
    void ${name}_reset_state(int8_t *state) {
      ${fills.join('\n')}
    }`;
}
