import type { Target } from '../../targets/index.ts';
import type { Network } from '../network.ts';
import type { Kernels } from '../parts.ts';
import { BOARDS, qemuArguments } from './boards.ts';
import { commentOf, kernelText } from './source.ts';

export interface Facts {
  readonly digest: string;
  readonly tableBytes: number;
  readonly kernels: Kernels;
  /** Whether the folder has what computes the input of samples. */
  readonly hasFeatures?: boolean;
}

const PLAIN_TWINS = `Any C11 compiler for a little-endian machine will do; where it is not for this core, plain twins of the functions in
assembly are compiled, which \`-DTHUMBNET_PLAIN\` asks for on the core too.`;

const LIBRARY = `The layers call CMSIS-NN (https://github.com/ARM-software/CMSIS-NN, written against 99f736a), which is not in this folder; the arena holds
the scratch that its build for this core wants, and the example checks that the one that is linked wants no more.`;

/** What the folder is, how it is built, and its numbers. */
export function readmeText(
  network: Network,
  name: string,
  target: Target,
  { digest, tableBytes, kernels, hasFeatures = false }: Facts,
): string {
  const { layers, arenaBytes, stateBytes } = network;
  const rows = layers.map((l, i) => `| ${i} | ${commentOf(l.name).replace(/\|/g, '_')} | ${kernelText(l)} | ${l.scratchBytes} |`);
  const notes = layers.flatMap((l, i) => l.notes.map((n) => `- layer ${i} (${commentOf(l.name)}): ${n}`));
  const board = BOARDS[target.core];
  const library = kernels === 'cmsis-nn';
  const cmake = library ? 'cmake -DCMSIS_NN=<a checkout of CMSIS-NN>' : 'cmake';
  return `# ${name}

A network as C11 for ${target.name} (${target.core}). The model has the digest \`${digest}\`.

| | bytes |
|---|---:|
| constants (flash) | ${tableBytes} |
| arena (RAM) | ${arenaBytes} |
| state kept from run to run (RAM) | ${stateBytes} |

\`${name}.h\` says how to call it. Compiler flags that the figures of \`thumbnet verify\` hold for: \`${board.cpu.join(' ')} -mthumb -O2 -ffunction-sections
-fdata-sections\`, linked with \`--gc-sections\`. ${library ? LIBRARY : PLAIN_TWINS}

On a PC, to see that it answers as the integer engine does:

    ${cmake} -B build && cmake --build build && ./build/example

For the core, and on a board that QEMU emulates (gcc-arm-none-eabi, libnewlib-arm-none-eabi, qemu-system-arm):

    ${cmake} -B build-arm -DCMAKE_TOOLCHAIN_FILE=board/toolchain.cmake && cmake --build build-arm
    qemu-system-arm ${qemuArguments(board, 'build-arm/example.elf').join(' ')}

${hasFeatures ? `\`${name}_features.h\`: samples in, class out, at once or as a stream.\n\n` : ''}On a chip of your own take \`${name}.c\`, \`${name}_weights.c\`${hasFeatures ? `, \`${name}_features.c\`` : ''} and the headers; \`main.c\` prints the cycles of each run.

| layer | name | kernel | scratch in the arena |
|---:|---|---|---:|
${rows.join('\n')}

${notes.length ? `Layers without a ${library ? 'function of the library' : 'fast form'}:\n\n${notes.join('\n')}\n` : library ? 'Every layer is a call of the library.\n' : 'Every layer has the fastest form there is for it.\n'}`;
}
