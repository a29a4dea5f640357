import { operandsOf } from './listing.ts';

/** Where the stack pointer begins. */
const STACK = 0x20000000;

/**
 * Registers, flags and stack of a core, as integers or as not known (NaN). What is read from elsewhere in memory is not known, and no
 * loop of the generator depends on it.
 */
export class Machine {
  private registers: Map<string, number>;
  private stack = new Map<number, number>();
  /** Of the last comparison: what lies between its sides. */
  difference = Number.NaN;
  /** Of the last shift. */
  carry = Number.NaN;

  /** @param given values of registers and operands. @param above words above the stack pointer */
  constructor(given: ReadonlyMap<string, number>, above: readonly number[]) {
    this.registers = new Map(given);
    this.registers.set('sp', STACK);
    for (const [i, value] of above.entries()) this.stack.set(STACK + 4 * i, value);
  }

  /** A copy of what is known. */
  state(): State {
    return { registers: new Map(this.registers), stack: new Map(this.stack) };
  }

  get(operand: string): number {
    if (operand.startsWith('#')) return Number(operand.slice(1));
    return this.registers.get(operand) ?? Number.NaN;
  }

  set(register: string, value: number): void {
    if (Number.isNaN(value)) this.registers.delete(register);
    else this.registers.set(register, value | 0);
  }

  /** The value of operand 2 and a shift that may follow it. */
  shifted(operands: readonly string[], at: number): number {
    const value = this.get(operands[at]);
    const shift = /^(lsl|lsr|asr|ror) #(\d+)$/.exec(operands[at + 1] ?? '');
    if (!shift || Number.isNaN(value)) return value;
    const n = Number(shift[2]);
    return shift[1] === 'lsl' ? value << n : shift[1] === 'lsr' ? value >>> n : shift[1] === 'asr' ? value >> n : Number.NaN;
  }

  /** The address that `[base, offset]!` or `[base], offset` names; the base moves on where it is written back. */
  address(operands: readonly string[], at: number): number {
    const inside = /^\[([^\]]*)\](!?)$/.exec(operands[at]);
    if (!inside) throw new Error(`no address: ${operands.join(', ')}`);
    const [base, ...rest] = operandsOf(inside[1]);
    const start = this.get(base);
    const offset = rest.length ? this.shifted(rest, 0) : 0;
    const later = at + 1 < operands.length ? this.get(operands[at + 1]) : 0;
    if (inside[2]) this.set(base, start + offset);
    else if (at + 1 < operands.length) this.set(base, start + later);
    return start + offset;
  }

  load(address: number): number {
    return this.stack.get(address) ?? Number.NaN;
  }

  store(address: number, value: number): void {
    if (Number.isNaN(value)) this.stack.delete(address);
    else this.stack.set(address, value | 0);
  }
}

export interface State {
  readonly registers: ReadonlyMap<string, number>;
  readonly stack: ReadonlyMap<number, number>;
}
