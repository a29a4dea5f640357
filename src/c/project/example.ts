import { sizeOf, type Values } from '../../graph/graph.ts';
import { formatC } from '../format.ts';
import type { Network } from '../network.ts';
import type { Kernels } from '../parts.ts';
import { numbered } from './source.ts';
import { typeOf } from './types.ts';

/** One input for each of the network's, and the class that its label tells. */
export interface Example {
  readonly inputs: readonly Values[];
  readonly expected?: number | null;
}

/** What the engine answers to one example; inputs are given, or null where `main.c` makes them as `noise` does. */
export interface Golden {
  readonly inputs: readonly Values[] | null;
  readonly outputs: readonly Values[];
  readonly expected: number | null;
}

/** The generator of `main.c`: xorshift, the top byte of each state. */
export function noise(seed: number): () => number {
  let s = Math.imul(seed, 0x9e3779b9) >>> 0;
  return () => {
    s = (s ^ (s << 13)) >>> 0;
    s = (s ^ (s >>> 17)) >>> 0;
    s = (s ^ (s << 5)) >>> 0;
    return s;
  };
}

const COLUMNS = 20;

export interface ExampleFacts {
  readonly classNames: readonly string[];
  readonly kernels: Kernels;
  /** Printed first: modelLine. */
  readonly line: string;
}

/** A name as C and a line of a log can hold it. */
export const plainName = (name: string): string => name.replace(/[^\x21-\x7e]|["\\?%]/g, '_') || '_';

/** The first line that an example prints: the model, its digest and the chip. */
export const modelLine = (model: string, digest: string, target: string, kernels: Kernels): string =>
  `model ${plainName(model)} ${digest} for ${target} by ${kernels === 'own' ? 'thumbnet' : kernels}`;

/** The example program: its model named, golden outputs compared, cycles printed. */
export function exampleText(
  network: Network,
  name: string,
  golden: readonly Golden[],
  { classNames, kernels, line }: ExampleFacts,
  head: string,
): string {
  const { graph, stateBytes } = network;
  const { inputs, outputs, tensors } = graph;
  const arrays = golden.flatMap(({ inputs: given, outputs: wanted }, g) => [
    ...(given ?? []).map((v, i) => table(`input_${g}_${i}`, typeOf(tensors[inputs[i]].dtype), v)),
    ...wanted.map((v, i) => table(`output_${g}_${i}`, typeOf(tensors[outputs[i]].dtype), v)),
  ]);
  const buffers = (ts: readonly number[], base: string) =>
    ts.map(
      (t, i) => `static _Alignas(16) ${typeOf(tensors[t].dtype)} ${numbered(base, i, ts.length)}[${sizeOf(tensors[t].shape)}];`,
    );
  const call = [
    ...inputs.map((_, i) => numbered('in', i, inputs.length)),
    ...outputs.map((_, i) => numbered('out', i, outputs.length)),
  ].join(', ');
  const cases = golden.map(({ inputs: given, expected }, g) => {
    const fill = inputs.map((_, i) => {
      const to = numbered('in', i, inputs.length);
      return given ? `memcpy(${to}, input_${g}_${i}, sizeof ${to});` : `fill(${to}, sizeof ${to});`;
    });
    const compare = outputs.map(
      (_, i) => `differences += compare(${g}, ${numbered('out', i, outputs.length)}, output_${g}_${i}, sizeof output_${g}_${i});`,
    );
    return `
      ${given ? '' : `seed = ${g + 1}u * 0x9e3779b9u;`}
      ${fill.join('\n')}
      ${stateBytes ? `${name}_reset();` : ''}
      start_cycles();
      ${name}_invoke(${call});
      cycles = read_cycles();
      ${compare.join('\n')}
      report(${g}, ${expected ?? -1}, cycles);`;
  });
  const made = golden.some((g) => g.inputs === null);
  return `${head}${formatC(`
    /* Runs the network on examples, compares what it answers with what the integer engine answered, and prints how long it took. */
    #include "${name}.h"

    #include <stdio.h>
    #include <string.h>

    ${buffers(inputs, 'in').join('\n')}
    ${buffers(outputs, 'out').join('\n')}

    ${arrays.join('\n')}

    #if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    /* The cycle counter of the debug unit. An emulator may leave it at 0. */
    static void start_cycles(void) {
      *(volatile uint32_t *)0xe000edfcu |= 1u << 24;
      *(volatile uint32_t *)0xe0001004u = 0;
      *(volatile uint32_t *)0xe0001000u |= 1u;
    }

    static uint32_t read_cycles(void) {
      return *(volatile uint32_t *)0xe0001004u;
    }
    #elif defined(__ARM_ARCH_6M__)
    /* SysTick counts 24 bits of cycles down. */
    static void start_cycles(void) {
      *(volatile uint32_t *)0xe000e014u = 0xffffffu;
      *(volatile uint32_t *)0xe000e018u = 0;
      *(volatile uint32_t *)0xe000e010u = 5;
    }

    static uint32_t read_cycles(void) {
      return 0xffffffu - *(volatile uint32_t *)0xe000e018u;
    }
    #else
    static void start_cycles(void) {
    }

    static uint32_t read_cycles(void) {
      return 0;
    }
    #endif

    ${
      made
        ? `static uint32_t seed;

    /* Bytes from a generator of pseudo-random numbers (xorshift). */
    static void fill(void *to, size_t bytes) {
      for (size_t i = 0; i < bytes; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        ((uint8_t *)to)[i] = (uint8_t)(seed >> 24);
      }
    }`
        : ''
    }

    static int32_t compare(int32_t example, const void *got, const void *wanted, size_t bytes) {
      for (size_t i = 0; i < bytes; i++) {
        if (((const uint8_t *)got)[i] != ((const uint8_t *)wanted)[i]) {
          printf("example %ld: byte %lu of the output differs\\n", (long)example, (unsigned long)i);
          return 1;
        }
      }
      return 0;
    }

    ${namesText(classNames)}

    static void report(int32_t example, int32_t expected, uint32_t cycles) {
      int32_t best = 0;
      for (int32_t i = 1; i < (int32_t)(sizeof ${numbered('out', 0, outputs.length)} / sizeof ${numbered('out', 0, outputs.length)}[0]); i++) {
        best = (${numbered('out', 0, outputs.length)}[i] > ${numbered('out', 0, outputs.length)}[best]) ? i : best;
      }
      printf("example %ld: class ", (long)example);
      print_class(best);
      if (expected >= 0) {
        printf(", expected ");
        print_class(expected);
      }
      printf(", cycles %lu\\n", (unsigned long)cycles);
    }

    int main(void) {
      int32_t differences = 0;
      uint32_t cycles;
      printf("${line}\\n");
      if (${name}_weights_are_whole() == 0) {
        printf("the constants are damaged\\n");
        return 1;
      }
      ${
        kernels === 'cmsis-nn'
          ? `if (${name}_scratch_is_enough() == 0) {
        printf("this CMSIS-NN wants more scratch than was planned\\n");
        return 1;
      }`
          : ''
      }
      ${cases.join('\n')}
      printf("${name}: %s\\n", (differences == 0) ? "equal to the engine" : "DIFFERENT from the engine");
      return (differences == 0) ? 0 : 1;
    }
  `)}`;
}

function table(name: string, type: string, values: Values): string {
  const rows: string[] = [];
  for (let i = 0; i < values.length; i += COLUMNS) rows.push(`${Array.prototype.slice.call(values, i, i + COLUMNS).join(', ')},`);
  return `static const ${type} ${name}[${values.length}] = {\n${rows.join('\n')}\n};`;
}

/** Prints a class by its number, and its name where it has one. */
function namesText(classNames: readonly string[]): string {
  if (!classNames.length) {
    return `static void print_class(int32_t number) {
      printf("%ld", (long)number);
    }`;
  }
  const quoted = classNames.map((n) => `"${n.replace(/[^\x20-\x7e]|["\\?]/g, '_')}"`);
  return `static const char *const class_names[${classNames.length}] = {${quoted.join(', ')}};

    static void print_class(int32_t number) {
      printf("%ld", (long)number);
      if ((number >= 0) && (number < ${classNames.length})) {
        printf(" (%s)", class_names[number]);
      }
    }`;
}
