/** Counts the instructions that a listing of Thumb assembly executes, by running it on integers. */
import type { Classes } from './classes.ts';
import { EFFECTS } from './effects.ts';
import { type Instruction, type Listing, registersOf } from './listing.ts';
import { Machine, type State } from './machine.ts';

export interface Counted extends Classes {
  /** Executed instructions; of a short part that data lets be skipped, half. */
  readonly instructions: number;
  /** What is added where data always takes the longer way. */
  readonly worst: number;
}

/** Runs `listing` to its end; `given`: values of registers and operands, `above`: words above the stack pointer. */
export function countAssembly(listing: Listing, given: ReadonlyMap<string, number>, above: readonly number[] = []): Counted {
  return new Execution(listing, new Machine(given, above)).run();
}

/** Bytes of an instruction as the addresses of places count them. */
const WIDE = 4;
const CODE = 0x08000000;
/** No loop of the generator executes so many: one that does has no end that is known. */
const MOST = 50_000_000;
/** Parts of at most this many instructions may be skipped by data. */
const SHORT = 6;

const MULTIPLY = /^(mul|mla|mls|smla|smul|smmul|smmla|smull|umull|vml|vqrdmulh|vmul)/;
const MANY = /^(v?ldm|v?stm|ldrd|strd|v?push|v?pop)/;
const LOAD = /^(v?ldr|v?str)/;

type Condition = (difference: number) => boolean;
const CONDITIONS: Readonly<Record<string, Condition>> = {
  eq: (d) => d === 0,
  ne: (d) => d !== 0,
  ge: (d) => d >= 0,
  lt: (d) => d < 0,
  gt: (d) => d > 0,
  le: (d) => d <= 0,
};

/** What a name tells of an instruction. */
interface Mnemonic {
  /** Without the width of its encoding or of its elements. */
  readonly op: string;
  readonly counted: 'multiplies' | 'words' | 'loads' | null;
  /** Of a branch by flags. */
  readonly condition: Condition | null;
}

/** A listing has few names and executes each thousands of times. */
const MNEMONICS = new Map<string, Mnemonic>();

function mnemonicOf(name: string): Mnemonic {
  const known = MNEMONICS.get(name);
  if (known) return known;
  const [op] = name.split('.');
  const counted = MULTIPLY.test(name) ? 'multiplies' : MANY.test(name) ? 'words' : LOAD.test(name) ? 'loads' : null;
  const condition = CONDITIONS[/^b(eq|ne|ge|lt|gt|le)$/.exec(op)?.[1] ?? ''] ?? null;
  const found: Mnemonic = { op, counted, condition };
  MNEMONICS.set(name, found);
  return found;
}

type Tally = { -readonly [K in keyof Counted]: number };

/** What a loop's branch saw at a turn. */
interface Turn {
  readonly state: State;
  readonly counted: Counted;
  readonly difference: number;
}

class Execution {
  private readonly counted: Tally = { instructions: 0, worst: 0, loads: 0, words: 0, multiplies: 0, branches: 0 };
  /** The last two turns by the place of a loop's branch. */
  private readonly turns = new Map<number, Turn[]>();

  constructor(
    private readonly code: Listing,
    private readonly machine: Machine,
  ) {}

  run(): Counted {
    const { code, counted } = this;
    for (let at = 0; at >= 0 && at < code.length; ) {
      if (counted.instructions > MOST) throw new Error('a loop of generated assembly has no end that is known');
      const mnemonic = mnemonicOf(code[at].name);
      counted.instructions++;
      if (mnemonic.counted) counted[mnemonic.counted] += mnemonic.counted === 'words' ? wordsOf(code[at].operands) : 1;
      const next = this.step(code[at], mnemonic, at);
      if (next !== at + 1) counted.branches++;
      at = next;
    }
    return counted;
  }

  /** The place of the next instruction; -1 at the end of the function. */
  private step({ operands, target }: Instruction, { op, condition }: Mnemonic, at: number): number {
    const { machine: m } = this;
    if (op in EFFECTS) {
      EFFECTS[op](m, operands);
      return op === 'pop' && operands.join().includes('pc') ? -1 : at + 1;
    }
    switch (op) {
      case 'b':
      case 'bl':
        return this.jump(at, target, m.difference, null);
      case 'bx':
        return this.computed(operands[0]);
      case 'cbz':
        return this.branch(at, target, m.get(operands[0]), CONDITIONS.eq);
      case 'cbnz':
        return this.branch(at, target, m.get(operands[0]), CONDITIONS.ne);
      case 'bcc':
        return this.branch(at, target, m.carry, CONDITIONS.eq);
      case 'bcs':
        return this.branch(at, target, m.carry, CONDITIONS.ne);
      case 'dls':
        m.set('lr', m.get(operands[1]));
        return at + 1;
      case 'dlstp':
        // Of vectors of bytes.
        m.set('lr', Math.ceil(m.get(operands[1]) / 16));
        return at + 1;
      case 'le':
      case 'letp': {
        const left = m.get('lr') - 1;
        m.set('lr', left);
        return this.branch(at, target, left, CONDITIONS.gt);
      }
      case 'adr':
        m.set(operands[0], CODE + WIDE * target);
        return at + 1;
    }
    if (condition) return this.branch(at, target, m.difference, condition);
    if (operands.length) m.set(operands[0], Number.NaN);
    return at + 1;
  }

  private computed(register: string): number {
    const address = this.machine.get(register);
    if (register === 'lr' && Number.isNaN(address)) return -1;
    const place = ((address & ~1) - CODE) / WIDE;
    if (!(place >= 0 && place < this.code.length && Number.isInteger(place))) throw new Error(`a jump to nowhere by ${register}`);
    return place;
  }

  private branch(at: number, target: number, difference: number, condition: Condition): number {
    if (!Number.isNaN(difference)) return condition(difference) ? this.jump(at, target, difference, condition) : at + 1;
    // Data decides. A part that is skipped runs half of the time; a loop that goes back is the caller's.
    if (target <= at) return at + 1;
    const skipped = target - at - 1;
    if (skipped <= SHORT) {
      this.counted.instructions += skipped / 2;
      this.counted.worst += skipped / 2;
    }
    return target;
  }

  /** @param condition of the branch; null where it is always taken */
  private jump(at: number, target: number, difference: number, condition: Condition | null): number {
    if (target < 0) throw new Error('a branch to nowhere');
    if (target > at) return target;
    // The turns of inner loops are those of another turn of this one.
    for (const inner of this.turns.keys()) if (inner > target && inner < at) this.turns.delete(inner);
    const before = this.turns.get(at) ?? [];
    const now: Turn = { state: this.machine.state(), counted: { ...this.counted }, difference };
    if (before.length === 2 && condition) this.hurry(before, now, condition);
    this.turns.set(at, [...before.slice(-1), now]);
    return target;
  }

  /** Where the last turns did the same, all but the last of those to come are done at once. */
  private hurry([first, second]: readonly Turn[], now: Turn, condition: Condition): void {
    const each = now.difference - second.difference;
    if (Number.isNaN(each) || each === 0 || each !== second.difference - first.difference) return;
    const executed = ({ counted }: Turn) => counted.instructions;
    if (executed(now) - executed(second) !== executed(second) - executed(first)) return;
    const registers = movesOf(first.state.registers, second.state.registers, now.state.registers);
    const stack = movesOf(first.state.stack, second.state.stack, now.state.stack);
    if (!registers || !stack) return;
    let turns = Math.floor(-now.difference / each) - 1;
    while (turns > 0 && !condition(now.difference + turns * each)) turns--;
    if (!(turns > 0)) return;
    for (const [key, value] of registers) this.machine.set(key, now.state.registers.get(key)! + Math.imul(turns, value));
    for (const [key, value] of stack) this.machine.store(key, now.state.stack.get(key)! + Math.imul(turns, value));
    for (const name of Object.keys(this.counted) as (keyof Counted)[]) {
      this.counted[name] += turns * (now.counted[name] - second.counted[name]);
    }
  }
}

/** What each value that is known in three turns moves by; null where one does not move evenly. */
function movesOf<K>(a: ReadonlyMap<K, number>, b: ReadonlyMap<K, number>, c: ReadonlyMap<K, number>): Map<K, number> | null {
  const moves = new Map<K, number>();
  for (const [key, value] of c) {
    const [x, y] = [a.get(key), b.get(key)];
    if (x === undefined || y === undefined) continue;
    if (((value - y) | 0) !== ((y - x) | 0)) return null;
    moves.set(key, (value - y) | 0);
  }
  return moves;
}

/** Words that an instruction for many registers moves. */
function wordsOf(operands: readonly string[]): number {
  const list = operands.find((o) => o.startsWith('{'));
  return list ? registersOf(list).length * (list.startsWith('{d') ? 2 : 1) : 2;
}
