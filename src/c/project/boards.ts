import type { CoreName } from '../../targets/index.ts';

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

/** By core. QEMU has no M0+ and no M85: an M0 executes the same instructions as the first, an M55 those of the second that are used. */
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

/** How an image runs on the board; files and the exit code are the host's. */
export const qemuArguments = ({ machine, options }: Board, image: string): string[] => [
  ...['-M', machine, ...options, '-display', 'none', '-serial', 'none', '-monitor', 'none'],
  ...['-semihosting-config', 'enable=on,target=native,chardev=host', '-chardev', 'stdio,id=host', '-kernel', image],
];

/** Flags with which an image of startup, linker script and newlib's semihosting is linked. */
export const LINK_FLAGS = ['-nostartfiles', '--specs=nano.specs', '--specs=rdimon.specs', '-Wl,--gc-sections'];

/** The linker script of a board. The stack lies at the end of RAM, the heap behind all else. */
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
  end = .;
  stack_top = (ORIGIN(RAM) + LENGTH(RAM)) & ~7;
  stack_limit = stack_top - ${stackBytes};
  ASSERT(stack_limit >= end, "no room for the stack")
}
`;
}

/** Start of a program on an emulated core: vectors, memory, FPU; printf, files and the exit code are the host's. */
export const STARTUP = `#include <stdint.h>
#include <stdlib.h>

extern uint32_t stack_top, stack_limit, data_load, data_start, data_end, bss_start, bss_end;
extern int main(void);
extern void initialise_monitor_handles(void);
void reset(void);
void _init(void);
void _fini(void);

void _init(void) {
}

void _fini(void) {
}

static void fault(void) {
  _Exit(99);
}

void reset(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: full access to CP10 and CP11 */
  __asm volatile("dsb\\n\\tisb" ::: "memory");
#endif
#if defined(__ARM_FEATURE_MVE)
  const uint32_t whole_vectors = 4u << 16; /* FPSCR.LTPSIZE: no tail predication outside its loops */
  __asm volatile("vmsr fpscr, %0" ::"r"(whole_vectors) : "memory");
#endif
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
  __asm volatile("msr msplim, %0" ::"r"(&stack_limit));
#endif
  const uint32_t *from = &data_load;
  for (uint32_t *to = &data_start; to < &data_end; to++) {
    *to = *from;
    from++;
  }
  for (uint32_t *to = &bss_start; to < &bss_end; to++) {
    *to = 0;
  }
  initialise_monitor_handles();
  exit(main());
}

typedef void (*vector)(void);
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    (vector)(uintptr_t)&stack_top, reset, fault, fault, fault, fault, fault, fault, 0, 0, 0, fault, fault, 0, fault, fault,
};
`;
