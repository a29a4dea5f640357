/** Executed instructions by what cores take for them; all others are `instructions` less these. */
export interface Classes {
  /** Loads and stores of one register, and of vectors. */
  readonly loads: number;
  /** Words that an instruction for many moves (LDM, LDRD, PUSH ..). */
  readonly words: number;
  readonly multiplies: number;
  /** Branches that are taken. */
  readonly branches: number;
}

/**
 * Counts the instructions that a listing of Thumb assembly executes, by running it on integers: registers and the stack frame hold
 * numbers or nothing that is known (NaN). What is read from elsewhere in memory is not known, and no loop of the generator depends on it.
 */
export interface Counted extends Classes {
  /** Executed instructions; of a short part that data lets be skipped, half. */
  readonly instructions: number;
  /** What is added where data always takes the longer way. */
  readonly worst: number;
  /** Registers and operands at the end. */
  readonly registers: ReadonlyMap<string, number>;
}

interface Instruction {
  readonly name: string;
  readonly operands: readonly string[];
  /** Of a branch: the place it goes to. */
  readonly target: number;
}

export interface Listing {
  readonly code: readonly Instruction[];
  /** The first instruction behind each label, by line. */
  readonly labels: readonly { readonly name: string; readonly at: number }[];
}

const LABEL = /^(\d+|[A-Za-z_]\w*):$/;

/** Operands between commas that stand in no brackets. */
const operandsOf = (text: string): string[] => text.match(/(?:\[[^\]]*\]!?|\{[^}]*\}|[^,[{])+/g)?.map((s) => s.trim()) ?? [];

export function parseListing(lines: readonly string[]): Listing {
  const labels: { name: string; at: number }[] = [];
  const parsed: { name: string; operands: string[] }[] = [];
  for (const line of lines.map((l) => l.trim())) {
    const label = LABEL.exec(line);
    if (label) labels.push({ name: label[1], at: parsed.length });
    if (label || line === '' || line.startsWith('.')) continue;
    const space = line.indexOf(' ');
    const [name, rest] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
    parsed.push({ name, operands: operandsOf(rest) });
  }
  const code = parsed.map((p, i) => ({ ...p, target: targetOf(p.operands.at(-1) ?? '', i, labels) }));
  return { code, labels };
}

/** The place of `2f` or `1b` as seen from instruction `from`; -1 where the operand is no label. */
function targetOf(operand: string, from: number, labels: Listing['labels']): number {
  const found = /^(\w+?)([bf])$/.exec(operand);
  if (!found || !/^\d+$/.test(found[1])) return -1;
  const own = labels.filter((l) => l.name === found[1]);
  return found[2] === 'f' ? (own.find((l) => l.at > from)?.at ?? -1) : (own.filter((l) => l.at <= from).at(-1)?.at ?? -1);
}

/** Bytes of an instruction, where only distances between wide ones count. */
const WIDE = 4;
const STACK = 0x20000000;
const CODE = 0x08000000;
/** Of a loop that data ends: never the case in generated code but by what the caller counts itself. */
const MOST = 50_000_000;

type Condition = (difference: number) => boolean;
const CONDITIONS: Readonly<Record<string, Condition>> = {
  eq: (d) => d === 0,
  ne: (d) => d !== 0,
  ge: (d) => d >= 0,
  lt: (d) => d < 0,
  gt: (d) => d > 0,
  le: (d) => d <= 0,
};

/** What a loop's branch saw the last time. */
interface Turn {
  readonly registers: ReadonlyMap<string, number>;
  readonly stack: ReadonlyMap<number, number>;
  readonly counts: readonly number[];
  readonly difference: number;
}

/** Runs `listing` to its end; `given`: values of registers and operands, `stack`: words above the stack pointer. */
export function countAssembly({ code }: Listing, given: ReadonlyMap<string, number>, above: readonly number[] = []): Counted {
  return new Machine(code, given, above).run();
}

class Machine {
  private registers: Map<string, number>;
  private stack = new Map<number, number>();
  private instructions = 0;
  private worst = 0;
  private loads = 0;
  private words = 0;
  private multiplies = 0;
  private branches = 0;
  /** Of the last comparison: what lies between its sides; and the carry of a shift. */
  private difference = Number.NaN;
  private carry = Number.NaN;
  private readonly turns = new Map<number, Turn[]>();

  constructor(
    private readonly code: readonly Instruction[],
    given: ReadonlyMap<string, number>,
    above: readonly number[],
  ) {
    this.registers = new Map(given);
    this.registers.set('sp', STACK);
    for (const [i, value] of above.entries()) this.stack.set(STACK + 4 * i, value);
  }

  run(): Counted {
    let at = 0;
    while (at < this.code.length) {
      if (this.instructions > MOST) throw new Error('a loop of generated assembly has no end that is known');
      const { name, operands } = this.code[at];
      this.instructions++;
      if (MULTIPLY.test(name)) this.multiplies++;
      else if (MANY.test(name)) this.words += wordsOf(operands);
      else if (LOAD.test(name)) this.loads++;
      const next = this.step(this.code[at], at);
      if (next !== at + 1) this.branches++;
      at = next;
      if (at < 0) break;
    }
    const { instructions, worst, loads, words, multiplies, branches, registers } = this;
    return { instructions, worst, loads, words, multiplies, branches, registers };
  }

  private counts(): number[] {
    return [this.instructions, this.worst, this.loads, this.words, this.multiplies, this.branches];
  }

  private get(operand: string): number {
    if (operand.startsWith('#')) return Number(operand.slice(1));
    return this.registers.get(operand) ?? Number.NaN;
  }

  private set(register: string, value: number): void {
    if (Number.isNaN(value)) this.registers.delete(register);
    else this.registers.set(register, value | 0);
  }

  /** The value of operand 2 and a shift that may follow it. */
  private shifted(operands: readonly string[], at: number): number {
    const value = this.get(operands[at]);
    const shift = /^(lsl|lsr|asr|ror) #(\d+)$/.exec(operands[at + 1] ?? '');
    if (!shift) return value;
    const n = Number(shift[2]);
    return shift[1] === 'lsl' ? value << n : shift[1] === 'lsr' ? value >>> n : shift[1] === 'asr' ? value >> n : Number.NaN;
  }

  /** The address that `[base, offset]!` or `[base], offset` names; the base moves on where it is written back. */
  private address(operands: readonly string[], at: number): number {
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

  private load(address: number): number {
    return this.stack.get(address) ?? Number.NaN;
  }

  private store(address: number, value: number): void {
    if (Number.isNaN(value)) this.stack.delete(address);
    else this.stack.set(address, value | 0);
  }

  private step({ name, operands, target }: Instruction, at: number): number {
    const base = name.replace(/\.[wn]$/, '');
    const [op] = base.split('.');
    if (op in HANDLERS) {
      HANDLERS[op](this, operands);
      return op === 'pop' && operands.join().includes('pc') ? -1 : at + 1;
    }
    switch (op) {
      case 'b':
      case 'bl':
        return this.jump(at, target, true);
      case 'bx':
        return this.computed(operands[0]);
      case 'cbz':
        return this.branch(at, target, this.get(operands[0]), CONDITIONS.eq);
      case 'cbnz':
        return this.branch(at, target, this.get(operands[0]), CONDITIONS.ne);
      case 'bcc':
        return this.branch(at, target, this.carry, CONDITIONS.eq);
      case 'bcs':
        return this.branch(at, target, this.carry, CONDITIONS.ne);
      case 'dls':
      case 'dlstp':
        this.set('lr', base.startsWith('dlstp') ? Math.ceil(this.get(operands[1]) / 16) : this.get(operands[1]));
        return at + 1;
      case 'le':
      case 'letp': {
        const left = this.get('lr') - 1;
        this.set('lr', left);
        return this.branch(at, target, left, CONDITIONS.gt);
      }
      case 'adr':
        this.set(operands[0], CODE + WIDE * target);
        return at + 1;
    }
    const condition = /^b(eq|ne|ge|lt|gt|le)$/.exec(op);
    if (condition) return this.branch(at, target, this.difference, CONDITIONS[condition[1]]);
    // Vectors, conditional moves and the rest leave what they write unknown; none of it steers a loop.
    if (operands.length) this.set(operands[0], Number.NaN);
    return at + 1;
  }

  private computed(register: string): number {
    const address = this.get(register);
    if (register === 'lr' && Number.isNaN(address)) return -1;
    const place = ((address & ~1) - CODE) / WIDE;
    if (!(place >= 0 && place < this.code.length && Number.isInteger(place))) throw new Error(`a jump to nowhere by ${register}`);
    return place;
  }

  private branch(at: number, target: number, difference: number, condition: Condition): number {
    if (!Number.isNaN(difference)) return condition(difference) ? this.jump(at, target, false, difference, condition) : at + 1;
    // Data decides. A part that is skipped runs half of the time; a loop that goes back is the caller's.
    if (target <= at) return at + 1;
    const skipped = target - at - 1;
    if (skipped <= SHORT) {
      this.instructions += skipped / 2;
      this.worst += skipped / 2;
    }
    return target;
  }

  private jump(at: number, target: number, always: boolean, difference = Number.NaN, condition: Condition | null = null): number {
    if (target < 0) throw new Error('a branch to nowhere');
    if (target > at) return target;
    // The turns of inner loops are those of another turn of this one.
    for (const inner of this.turns.keys()) if (inner > target && inner < at) this.turns.delete(inner);
    const before = this.turns.get(at) ?? [];
    const now: Turn = {
      registers: new Map(this.registers),
      stack: new Map(this.stack),
      counts: this.counts(),
      difference: always ? this.difference : difference,
    };
    if (before.length === 2 && !always) this.hurry(before, now, condition!);
    this.turns.set(at, [...before.slice(-1), now]);
    return target;
  }

  /** Where the last turns did the same, all but the last of those to come are done at once. */
  private hurry([first, second]: readonly Turn[], now: Turn, condition: Condition): void {
    const each = now.difference - second.difference;
    if (Number.isNaN(each) || each === 0 || each !== second.difference - first.difference) return;
    if (now.counts[0] - second.counts[0] !== second.counts[0] - first.counts[0]) return;
    const moved = <K>(a: ReadonlyMap<K, number>, b: ReadonlyMap<K, number>, c: ReadonlyMap<K, number>): Map<K, number> | null => {
      const steps = new Map<K, number>();
      for (const [key, value] of c) {
        const [x, y] = [a.get(key), b.get(key)];
        if (x === undefined || y === undefined) continue;
        if (((value - y) | 0) !== ((y - x) | 0)) return null;
        steps.set(key, (value - y) | 0);
      }
      return steps;
    };
    const registers = moved(first.registers, second.registers, now.registers);
    const stack = moved(first.stack, second.stack, now.stack);
    if (!registers || !stack) return;
    let turns = Math.floor(-now.difference / each) - 1;
    while (turns > 0 && !condition(now.difference + turns * each)) turns--;
    if (!(turns > 0)) return;
    for (const [key, value] of registers) this.set(key, now.registers.get(key)! + Math.imul(turns, value));
    for (const [key, value] of stack) this.store(key, now.stack.get(key)! + Math.imul(turns, value));
    const [instructions, worst, loads, words, multiplies, branches] = now.counts.map((n, i) => turns * (n - second.counts[i]));
    this.instructions += instructions;
    this.worst += worst;
    this.loads += loads;
    this.words += words;
    this.multiplies += multiplies;
    this.branches += branches;
  }

  compare(a: number, b: number): void {
    this.difference = a - b;
  }

  static readonly handlers = (): Readonly<Record<string, (m: Machine, operands: readonly string[]) => void>> => {
    type Handler = (m: Machine, operands: readonly string[]) => void;
    const two =
      (f: (a: number, b: number) => number, flags: boolean, isCompared = false): Handler =>
      (m, operands) => {
        const short = operands.length === 2 || /^(lsl|lsr|asr) /.test(operands[2]);
        const [a, b] = short ? [m.get(operands[0]), m.shifted(operands, 1)] : [m.get(operands[1]), m.shifted(operands, 2)];
        const value = f(a, b);
        if (flags) m.difference = isCompared ? a - b : Number.isNaN(value) ? value : value | 0;
        m.set(operands[0], value);
      };
    const shift =
      (f: (a: number, n: number) => number, flags: boolean, carryOf: ((a: number, n: number) => number) | null): Handler =>
      (m, operands) => {
        const [a, n] =
          operands.length === 2 ? [m.get(operands[0]), m.get(operands[1])] : [m.get(operands[1]), m.get(operands[2])];
        const known = !Number.isNaN(a) && !Number.isNaN(n);
        const value = known ? f(a, n) : Number.NaN;
        if (flags) {
          m.difference = known ? value | 0 : Number.NaN;
          m.carry = known && carryOf ? carryOf(a, n) : Number.NaN;
        }
        m.set(operands[0], value);
      };
    const move =
      (flags: boolean, f: (a: number) => number): Handler =>
      (m, operands) => {
        const value = f(m.shifted(operands, 1));
        if (flags) m.difference = value;
        m.set(operands[0], value);
      };
    const loads: Handler = (m, operands) => m.set(operands[0], m.load(m.address(operands, 1)));
    const unknownLoad: Handler = (m, operands) => {
      m.address(operands, 1);
      m.set(operands[0], Number.NaN);
    };
    const many =
      (isLoad: boolean): Handler =>
      (m, operands) => {
        const base = operands[0].replace('!', '');
        const size = registersOf(operands[1])[0].startsWith('d') ? 8 : 4;
        let address = m.get(base);
        for (const register of registersOf(operands[1])) {
          if (isLoad) m.set(register, m.load(address));
          else m.store(address, m.get(register));
          address += size;
        }
        if (operands[0].endsWith('!')) m.set(base, address);
      };
    const push: Handler = (m, operands) => {
      const list = registersOf(operands[0]);
      const size = list[0].startsWith('d') ? 8 : 4;
      const sp = m.get('sp') - size * list.length;
      for (const [i, r] of list.entries()) m.store(sp + size * i, m.get(r));
      m.set('sp', sp);
    };
    const pop: Handler = (m, operands) => {
      const list = registersOf(operands[0]);
      const size = list[0].startsWith('d') ? 8 : 4;
      const sp = m.get('sp');
      for (const [i, r] of list.entries()) m.set(r, m.load(sp + size * i));
      m.set('sp', sp + size * list.length);
    };
    const vector: Handler = (m, operands) => {
      m.address(operands, 1);
    };
    return {
      add: two((a, b) => a + b, false),
      addw: two((a, b) => a + b, false),
      adds: two((a, b) => a + b, true),
      sub: two((a, b) => a - b, false),
      subw: two((a, b) => a - b, false),
      subs: two((a, b) => a - b, true, true),
      rsb: two((a, b) => b - a, false),
      rsbs: two((a, b) => b - a, true),
      and: two((a, b) => (Number.isNaN(a + b) ? Number.NaN : a & b), false),
      orr: two((a, b) => (Number.isNaN(a + b) ? Number.NaN : a | b), false),
      eor: two((a, b) => (Number.isNaN(a + b) ? Number.NaN : a ^ b), false),
      eors: two((a, b) => (Number.isNaN(a + b) ? Number.NaN : a ^ b), true),
      bics: two((a, b) => (Number.isNaN(a + b) ? Number.NaN : a & ~b), true),
      muls: two((a, b) => (Number.isNaN(a + b) ? Number.NaN : Math.imul(a, b)), true),
      mla: (m, [to, a, b, c]) => m.set(to, Math.imul(m.get(a), m.get(b)) + m.get(c) + 0 * (m.get(a) + m.get(b))),
      lsl: shift((a, n) => a << n, false, null),
      lsls: shift((a, n) => a << n, true, null),
      lsr: shift((a, n) => a >>> n, false, null),
      lsrs: shift(
        (a, n) => a >>> n,
        true,
        (a, n) => (a >>> (n - 1)) & 1,
      ),
      asr: shift((a, n) => a >> n, false, null),
      asrs: shift(
        (a, n) => a >> n,
        true,
        (a, n) => (a >> (n - 1)) & 1,
      ),
      mov: move(false, (a) => a),
      movs: move(true, (a) => a),
      movw: move(false, (a) => a),
      movt: (m, [to, high]) => m.set(to, (m.get(to) & 0xffff) | (m.get(high) << 16)),
      mvn: move(false, (a) => (Number.isNaN(a) ? a : ~a)),
      cmp: (m, operands) => m.compare(m.get(operands[0]), m.shifted(operands, 1)),
      ldr: loads,
      ldrb: unknownLoad,
      ldrsb: unknownLoad,
      ldrh: unknownLoad,
      ldrsh: unknownLoad,
      ldrd: (m, operands) => {
        const address = m.address(operands, 2);
        const [low, high] = [m.load(address), m.load(address + 4)];
        m.set(operands[0], low);
        m.set(operands[1], high);
      },
      str: (m, operands) => {
        const value = m.get(operands[0]);
        m.store(m.address(operands, 1), value);
      },
      strb: vector,
      strh: vector,
      strd: (m, operands) => {
        const [low, high] = [m.get(operands[0]), m.get(operands[1])];
        const address = m.address(operands, 2);
        m.store(address, low);
        m.store(address + 4, high);
      },
      ldm: many(true),
      stm: many(false),
      ...Object.fromEntries(['vldrb', 'vldrbt', 'vldrw', 'vldrh', 'vstrb', 'vstrbt', 'vstrw', 'vstrh'].map((op) => [op, vector])),
      vldmia: many(true),
      vstmia: many(false),
      push,
      pop,
      vpush: push,
      vpop: pop,
    };
  };
}

const MULTIPLY = /^(mul|mla|mls|smla|smul|smmul|smmla|smull|umull|vml|vqrdmulh|vmul)/;
const MANY = /^(v?ldm|v?stm|ldrd|strd|v?push|v?pop)/;
const LOAD = /^(v?ldr|v?str)/;

/** Words that an instruction for many registers moves. */
function wordsOf(operands: readonly string[]): number {
  const list = operands.find((o) => o.startsWith('{'));
  return list ? registersOf(list).length * (list.startsWith('{d') ? 2 : 1) : 2;
}

/** The registers that `{r4-r7, lr}` names. */
const registersOf = (list: string): string[] =>
  list
    .replace(/[{}]/g, '')
    .split(',')
    .flatMap((part) => {
      const [from, to] = part.trim().split('-');
      if (!to) return [from];
      const [a, b] = [Number(from.slice(1)), Number(to.slice(1))];
      return Array.from({ length: b - a + 1 }, (_, i) => `${from[0]}${a + i}`);
    });

/** Parts of at most this many instructions may be skipped by data. */
const SHORT = 6;

const HANDLERS = Machine.handlers();

const isLow = (r: string): boolean => /^r[0-7]$/.test(r);
const immediate = (operand: string | undefined): number => (operand?.startsWith('#') ? Number(operand.slice(1)) : Number.NaN);

/** Whether an instruction has a form of 16 bits, which assemblers take where they can. Operands of inline assembly are taken for low registers. */
function isNarrow({ name, operands: given }: Instruction): boolean {
  const operands = given.map((o) => o.replace(/%\w+/g, 'r0'));
  const [a, b, c] = operands;
  if (/\.w$/.test(name)) return false;
  switch (name) {
    case 'movs':
      return isLow(a) && (isLow(b) || immediate(b) < 256);
    case 'mov':
      return !b.startsWith('#');
    case 'adds':
    case 'subs':
      if (operands.length === 2) return isLow(a) && (isLow(b) || immediate(b) < 256);
      return isLow(a) && isLow(b) && (isLow(c) || immediate(c) < 8 || (a === b && immediate(c) < 256));
    case 'add':
      if (operands.length === 2) return a === 'sp' ? immediate(b) < 512 && immediate(b) % 4 === 0 : !b.startsWith('#');
      if (operands.length === 3 && b === 'sp') return (isLow(a) && immediate(c) < 1024) || (a === 'sp' && immediate(c) < 512);
      return operands.length === 3 && !c.startsWith('#') && (a === b || a === c);
    case 'sub':
      return a === 'sp' && operands.length === 2 && immediate(b) < 512;
    case 'rsbs':
    case 'muls':
    case 'eors':
    case 'bics':
    case 'ands':
    case 'orrs':
      return operands.every((o) => isLow(o) || o === '#0');
    case 'lsls':
    case 'lsrs':
    case 'asrs':
      return isLow(a) && isLow(b) && (operands.length === 2 || !isLow(c) || a === b);
    case 'cmp':
      return (!b.startsWith('#') && operands.length === 2) || (isLow(a) && immediate(b) < 256);
    case 'sxtb':
    case 'sxth':
    case 'uxtb':
    case 'uxth':
      return isLow(a) && isLow(b) && operands.length === 2;
    case 'ldm':
    case 'stm':
      return isLow(a.replace('!', '')) && registersOf(b).every(isLow) && (a.endsWith('!') || registersOf(b).includes(a));
    case 'push':
      return registersOf(a).every((r) => isLow(r) || r === 'lr');
    case 'pop':
      return registersOf(a).every((r) => isLow(r) || r === 'pc');
    case 'bx':
    case 'adr':
    case 'cbz':
    case 'cbnz':
    case 'nop':
    case 'b':
      return true;
    case 'ldr':
    case 'str':
      return isLow(a) && operands.length === 2 && reaches(b, 124, 4, 1020);
    case 'ldrb':
    case 'strb':
      return isLow(a) && operands.length === 2 && reaches(b, 31, 1, -1);
    case 'ldrh':
    case 'strh':
      return isLow(a) && operands.length === 2 && reaches(b, 62, 2, -1);
    case 'ldrsb':
    case 'ldrsh':
      return isLow(a) && /^\[r[0-7], r[0-7]\]$/.test(b);
  }
  return (
    /^(b(eq|ne|ge|lt|gt|le|cc|cs)|it[te]*)$/.test(name) || (/^mov(lt|gt|le|ge)$/.test(name) && isLow(a) && immediate(b) >= 0)
  );
}

/** Whether `[base, offset]` has a form of 16 bits. */
function reaches(address: string, most: number, unit: number, mostOfStack: number): boolean {
  const found = /^\[(\w+)(?:, #(-?\d+)|, (r[0-7]))?\]$/.exec(address);
  if (!found) return false;
  const offset = Number(found[2] ?? 0);
  if (found[1] === 'sp') return !found[3] && offset >= 0 && offset <= mostOfStack && offset % 4 === 0;
  return isLow(found[1]) && (found[3] !== undefined || (offset >= 0 && offset <= most && offset % unit === 0));
}

/** How far branches of 16 bits reach, in bytes: conditional ones and others. */
const NEAR = { conditional: 254, other: 2046 };

/** Bytes of a listing's code. */
export function bytesOfListing({ code }: Listing): number {
  const sizes = code.map((i) => (isNarrow(i) ? 2 : 4));
  const starts = [0];
  for (const size of sizes) starts.push(starts[starts.length - 1] + size);
  for (const [i, { name, target }] of code.entries()) {
    if (sizes[i] === 4 || target < 0 || !name.startsWith('b') || name === 'bx') continue;
    if (Math.abs(starts[target] - starts[i] - 4) > (name === 'b' ? NEAR.other : NEAR.conditional)) sizes[i] = 4;
  }
  return sizes.reduce((a, b) => a + b, 0);
}
