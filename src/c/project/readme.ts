import type { Target } from '../../targets/index.ts';
import type { Network } from '../network.ts';
import { BOARDS, qemuArguments } from './boards.ts';
import { commentOf } from './source.ts';

export interface Facts {
  readonly digest: string;
  readonly tableBytes: number;
  readonly version: string;
}

/** What the folder is, how it is built, and its numbers. */
export function readmeText(network: Network, name: string, target: Target, { digest, tableBytes }: Facts): string {
  const { layers, arenaBytes, stateBytes } = network;
  const rows = layers.map((l, i) => `| ${i} | ${commentOf(l.name).replace(/\|/g, '_')} | ${l.kernel} | ${l.scratchBytes} |`);
  const notes = layers.flatMap((l, i) => l.notes.map((n) => `- layer ${i} (${commentOf(l.name)}): ${n}`));
  const board = BOARDS[target.core];
  return `# ${name}

A network as C11 for ${target.name} (${target.core}). The model has the digest \`${digest}\`.

| | bytes |
|---|---:|
| constants (flash) | ${tableBytes} |
| arena (RAM) | ${arenaBytes} |
| state kept from run to run (RAM) | ${stateBytes} |

\`${name}.h\` says how to call it. Compiler flags that the figures of \`thumbnet verify\` hold for: \`${board.cpu.join(' ')} -mthumb -O2 -ffunction-sections
-fdata-sections\`, linked with \`--gc-sections\`. Any C11 compiler for a little-endian machine will do; where it is not for this core, plain twins of the functions in
assembly are compiled, which \`-DTHUMBNET_PLAIN\` asks for on the core too.

On a PC, to see that it answers as the integer engine does:

    cmake -B build && cmake --build build && ./build/example

For the core, and on a board that QEMU emulates (gcc-arm-none-eabi, libnewlib-arm-none-eabi, qemu-system-arm):

    cmake -B build-arm -DCMAKE_TOOLCHAIN_FILE=board/toolchain.cmake && cmake --build build-arm
    qemu-system-arm ${qemuArguments(board, 'build-arm/example.elf').join(' ')}

On a chip of your own take \`${name}.c\`, \`${name}_weights.c\` and the headers; \`main.c\` prints the cycles of each run.

| layer | name | kernel | scratch in the arena |
|---:|---|---|---:|
${rows.join('\n')}

${notes.length ? `Layers without a fast form:\n\n${notes.join('\n')}\n` : 'Every layer has the fastest form there is for it.\n'}`;
}
