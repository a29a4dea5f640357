/** Cycles of a Cortex-M4 whose memory never makes it wait, from what was executed and the core's reference manual. */
import type { Executed } from '../../src/emulator/program.ts';

/** An instruction as the disassembler prints it. */
interface Instruction {
  readonly name: string;
  readonly operands: string;
}

/** By address, from the text of `objdump -d`. */
export function instructionsIn(disassembly: string): Map<number, Instruction> {
  const lines = disassembly.matchAll(/^\s*([0-9a-f]+):\t[0-9a-f ]+\t(\S+)(?:\t([^;@\n]*))?/gm);
  return new Map(
    [...lines].map(([, address, name, operands = '']) => [
      Number.parseInt(address, 16),
      { name: name.replace(/\.[nw]$/, ''), operands: operands.trim() },
    ]),
  );
}

const SINGLE = /^v?(ldr|str)(?!d|ex)/;
const MANY = /^v?(ldm|stm|push|pop)/;
/** Filling the pipeline again: 1 to 3 cycles. */
const REFILL = 2;

/** How many registers a list such as `{r4-r7, lr}` names. */
function registers(list: string): number {
  const names = /\{([^}]*)\}/.exec(list)?.[1].split(',') ?? [];
  return names.reduce((n, part) => {
    const [from, to] = part.trim().split('-');
    return n + (to === undefined ? 1 : Number(to.slice(1)) - Number(from.slice(1)) + 1);
  }, 0);
}

/**
 * Source: Cortex-M4 Technical Reference Manual r0p1, table 3-1 and section 3.3.3. LDR 2, 1 behind another load or store that does not
 * make its address; STR 1 (a register as offset 2, or 1 so paired); LDRD and LDM 1 + N; multiplications 1; SDIV and UDIV 2 to 12; a branch 1, and REFILL
 * where it is taken.
 */
function cost({ name, operands }: Instruction, before: Instruction | undefined): number {
  if (MANY.test(name)) return 1 + registers(operands);
  if (/^(ldrd|strd)/.test(name)) return 3;
  if (/^[su]div/.test(name)) return 7;
  if (!SINGLE.test(name)) return 1;
  const [, address = ''] = /\[([^\]]*)\]/.exec(operands) ?? [];
  if (/str/.test(name) && !/,\s*[rsl]/.test(address)) return 1;
  const pairs = before && (SINGLE.test(before.name) || MANY.test(before.name));
  const loaded = before && /ldr/.test(before.name) ? before.operands.split(',')[0].trim() : '';
  return pairs && !address.split(/[,\s]+/).includes(loaded) ? 1 : 2;
}

/** Cycles of everything that was executed after a mark. */
export function cyclesOf(executed: Executed, code: ReadonlyMap<number, Instruction>): number {
  let sum = 0;
  for (const [address, { count, taken }] of executed.times) {
    const own = code.get(address);
    if (!own) throw new Error(`no instruction is known at ${address.toString(16)}`);
    sum += count * cost(own, code.get(address - 2) ?? code.get(address - 4)) + taken * REFILL;
  }
  return sum;
}
