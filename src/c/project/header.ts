import { sizeOf, type Tensor } from '../../graph/graph.ts';
import { formatC } from '../format.ts';
import { isOverwritten, type Network } from '../network.ts';
import type { Kernels } from '../parts.ts';
import { numbered, parameters } from './source.ts';
import { floatText, typeOf } from './types.ts';

export interface HeaderFacts {
  /** Bytes at which tensors begin. */
  readonly align: number;
  readonly kernels: Kernels;
}

/** The header: all that a caller needs. */
export function headerText(network: Network, name: string, head: string, { align, kernels }: HeaderFacts): string {
  const macro = name.toUpperCase();
  const { graph, arenaBytes, stateBytes } = network;
  const { inputs, outputs, tensors } = graph;
  const numbers = [
    ...inputs.flatMap((t, i) => constants(tensors[t], `${macro}_${numbered('INPUT', i, inputs.length)}`)),
    ...outputs.flatMap((t, i) => constants(tensors[t], `${macro}_${numbered('OUTPUT', i, outputs.length)}`)),
  ];
  const helpers = [
    ...inputs.flatMap((t, i) => quantizeHelper(tensors[t], `${name}_${numbered('quantize', i, inputs.length)}`)),
    ...outputs.flatMap((t, i) => dequantizeHelper(tensors[t], `${name}_${numbered('dequantize', i, outputs.length)}`)),
  ];
  const overwritten = inputs.some((_, i) => isOverwritten(network, i)) ? ' Inputs without const are overwritten.' : '';
  const memory = [...(arenaBytes ? ['int8_t *arena'] : []), ...(stateBytes ? ['int8_t *state'] : [])];
  const banks = ['ARENA', 'WEIGHTS'].map(
    (bank) => `
    #if !defined(${macro}_${bank})
    #define ${macro}_${bank}
    #endif`,
  );
  return `${head}${formatC(`
    #ifndef ${macro}_H
    #define ${macro}_H

    #include <stdint.h>

    #if defined(__cplusplus)
    extern "C" {
    #endif

    /* Elements of a tensor, and what they mean: real = scale * (integer - zero). */
    ${numbers.join('\n')}

    /* Bytes of memory that a run needs${stateBytes ? ', and of what is kept from run to run' : ''}. */
    #define ${macro}_ARENA_BYTES ${arenaBytes}
    #define ${macro}_STATE_BYTES ${stateBytes}
    /* Inputs, outputs${stateBytes ? ', arena and state' : ' and arena'} begin at multiples of it. */
    #define ${macro}_ALIGNMENT ${align}

    /* Attributes of the arena and of the constants, to place them: __attribute__((section(".dtcm"))). */
    ${banks.join('\n')}

    #if !defined(${macro}_NO_ARENA)
    /* Runs the network once on an arena of its own. Not for two callers at a time.${overwritten} */
    void ${name}_invoke(${parameters(network).join(', ')});
    ${
      stateBytes
        ? `/* Forgets what is kept from run to run; call it once before the first. */
    void ${name}_reset(void);`
        : ''
    }
    #endif

    /* The same on the caller's memory: as many callers as there are arenas. Define ${macro}_NO_ARENA to have only this one. */
    void ${name}_run(${[...memory, ...parameters(network)].join(', ')});
    ${stateBytes ? `void ${name}_reset_state(int8_t *state);` : ''}

    /* 1 if the constants have the CRC they were written with. */
    int32_t ${name}_weights_are_whole(void);

    ${
      kernels === 'cmsis-nn'
        ? `/* 1 if the CMSIS-NN that is linked wants no more scratch than the arena holds. */
    int32_t ${name}_scratch_is_enough(void);`
        : ''
    }

    ${helpers.join('\n')}

    #if defined(__cplusplus)
    }
    #endif

    #endif
  `)}`;
}

function constants({ shape, quant }: Tensor, prefix: string): string[] {
  return [
    `#define ${prefix}_SIZE ${sizeOf(shape)} /* ${shape.join(' x ')} */`,
    ...(quant ? [`#define ${prefix}_SCALE ${floatText(quant.scales[0])}`, `#define ${prefix}_ZERO (${quant.zeros[0]})`] : []),
  ];
}

const RANGES: Readonly<Record<string, readonly [number, number]>> = { i8: [-128, 127], u8: [0, 255], i16: [-32768, 32767] };

function quantizeHelper({ dtype, quant }: Tensor, name: string): string[] {
  if (!quant || !RANGES[dtype]) return [];
  const [least, largest] = RANGES[dtype];
  const type = typeOf(dtype);
  return [
    `
    /* The integer nearest to a real number. */
    static inline ${type} ${name}(float real) {
      const float steps = (real / ${floatText(quant.scales[0])}) + ${floatText(quant.zeros[0])};
      const float least = (steps < ${floatText(least)}) ? ${floatText(least)} : steps;
      const float most = (least > ${floatText(largest)}) ? ${floatText(largest)} : least;
      return (${type})(most + ((most < 0.0f) ? -0.5f : 0.5f));
    }`,
  ];
}

function dequantizeHelper({ dtype, quant }: Tensor, name: string): string[] {
  if (!quant || !RANGES[dtype]) return [];
  return [
    `
    static inline float ${name}(${typeOf(dtype)} value) {
      return ${floatText(quant.scales[0])} * (float)((int32_t)value - (${quant.zeros[0]}));
    }`,
  ];
}
