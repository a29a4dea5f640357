import type { CoreName } from '../mcu/targets.ts';

/** A board that QEMU 7.2 emulates, its core's compiler flags, and where its memories lie. */
export interface Board {
  readonly machine: string;
  readonly options: readonly string[];
  readonly cpu: readonly string[];
  readonly code: Memory;
  readonly ram: Memory;
}

interface Memory {
  readonly origin: number;
  readonly bytes: number;
}

const MIB = 1024 * 1024;
const at = (origin: number, bytes = 4 * MIB): Memory => ({ origin, bytes });

const M0: Board = {
  machine: 'microbit',
  options: ['-global', 'nrf51-soc.sram-size=0x100000', '-global', 'nrf51-soc.flash-size=0x100000'],
  cpu: ['-mcpu=cortex-m0'],
  code: at(0, MIB),
  ram: at(0x20000000, MIB),
};

const mps = (machine: string, cpu: readonly string[], code = at(0), ram = at(0x20000000)): Board => ({
  machine,
  options: [],
  cpu,
  code,
  ram,
});

const M55 = mps('mps3-an547', ['-mcpu=cortex-m55', '-mfloat-abi=hard'], at(0, 512 * 1024), at(0x20000000, 512 * 1024));

/** By core. QEMU has no M0+ and no M85: an M0 executes the same instructions as the first, an M55 nearly those of the second. */
export const BOARDS: Readonly<Record<CoreName, Board>> = {
  'cortex-m0': M0,
  'cortex-m0+': M0,
  'cortex-m3': mps('mps2-an385', ['-mcpu=cortex-m3']),
  'cortex-m4': mps('mps2-an386', ['-mcpu=cortex-m4', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16']),
  'cortex-m7': mps('mps2-an500', ['-mcpu=cortex-m7', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16']),
  'cortex-m33': mps('mps2-an505', ['-mcpu=cortex-m33', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16'], at(0x10000000), at(0x38000000)),
  'cortex-m55': M55,
  'cortex-m85': M55,
};

/** The linker script of a board. The stack lies at the end of RAM. */
export function linkerScript({ code, ram }: Board, stackBytes: number): string {
  const memory = (name: string, rights: string, m: Memory) =>
    `  ${name} (${rights}) : ORIGIN = 0x${m.origin.toString(16)}, LENGTH = ${m.bytes}`;
  return `ENTRY(reset)
MEMORY {
${memory('CODE', 'rx', code)}
${memory('RAM', 'rwx', ram)}
}
SECTIONS {
  .vectors : { KEEP(*(.vectors)) } > CODE
  .text : { *(.text .text.*) } > CODE
  .rodata : { . = ALIGN(16); *(.rodata .rodata.*) } > CODE
  .ARM.exidx : { *(.ARM.exidx*) } > CODE
  . = ALIGN(8);
  data_load = LOADADDR(.data);
  .data : { . = ALIGN(16); data_start = .; *(.data .data.*) . = ALIGN(8); data_end = .; } > RAM AT > CODE
  .bss (NOLOAD) : { . = ALIGN(16); bss_start = .; *(.bss .bss.* COMMON) . = ALIGN(8); bss_end = .; } > RAM
  heap_start = .;
  end = .;
  stack_top = (ORIGIN(RAM) + LENGTH(RAM)) & ~7;
  stack_limit = stack_top - ${stackBytes};
  ASSERT(stack_limit >= heap_start, "no room for the stack")
}
`;
}
