import { registersOf } from './listing.ts';
import type { Machine } from './machine.ts';

/** What an instruction other than a branch does to a machine. */
type Effect = (m: Machine, operands: readonly string[]) => void;

/** Of what is known only. */
const known =
  (f: (a: number, b: number) => number) =>
  (a: number, b: number): number =>
    Number.isNaN(a + b) ? Number.NaN : f(a, b);

/** `to, a, b` or `a, b`, b with a shift. @param flags what they are set by */
const two =
  (f: (a: number, b: number) => number, flags: 'none' | 'result' | 'comparison'): Effect =>
  (m, operands) => {
    const short = operands.length === 2 || /^(lsl|lsr|asr) /.test(operands[2]);
    const [a, b] = short ? [m.get(operands[0]), m.shifted(operands, 1)] : [m.get(operands[1]), m.shifted(operands, 2)];
    const value = f(a, b);
    if (flags === 'comparison') m.difference = a - b;
    if (flags === 'result') m.difference = Number.isNaN(value) ? value : value | 0;
    m.set(operands[0], value);
  };

/** `to, a, n` or `a, n`. @param carryOf null where no flags are set */
const shift = (f: (a: number, n: number) => number, carryOf: ((a: number, n: number) => number) | null): Effect => {
  const shifted = known(f);
  return (m, operands) => {
    const [a, n] = operands.length === 2 ? [m.get(operands[0]), m.get(operands[1])] : [m.get(operands[1]), m.get(operands[2])];
    const value = shifted(a, n);
    if (carryOf) {
      m.difference = Number.isNaN(value) ? value : value | 0;
      m.carry = known(carryOf)(a, n);
    }
    m.set(operands[0], value);
  };
};

const left = (a: number, n: number): number => a << n;
const logicalRight = (a: number, n: number): number => a >>> n;
const right = (a: number, n: number): number => a >> n;

const move =
  (flags: boolean, f: (a: number) => number): Effect =>
  (m, operands) => {
    const value = f(m.shifted(operands, 1));
    if (flags) m.difference = value;
    m.set(operands[0], value);
  };

/** A load of less than a word: what it loads is not known. */
const loadPart: Effect = (m, operands) => {
  m.address(operands, 1);
  m.set(operands[0], Number.NaN);
};

/** Only its address changes what is known. */
const addressed: Effect = (m, operands) => {
  m.address(operands, 1);
};

const bytesOfRegister = (register: string): number => (register.startsWith('d') ? 8 : 4);

const many =
  (isLoad: boolean): Effect =>
  (m, operands) => {
    const base = operands[0].replace('!', '');
    const list = registersOf(operands[1]);
    let address = m.get(base);
    for (const register of list) {
      if (isLoad) m.set(register, m.load(address));
      else m.store(address, m.get(register));
      address += bytesOfRegister(list[0]);
    }
    if (operands[0].endsWith('!')) m.set(base, address);
  };

const push: Effect = (m, operands) => {
  const list = registersOf(operands[0]);
  const size = bytesOfRegister(list[0]);
  const sp = m.get('sp') - size * list.length;
  for (const [i, r] of list.entries()) m.store(sp + size * i, m.get(r));
  m.set('sp', sp);
};

const pop: Effect = (m, operands) => {
  const list = registersOf(operands[0]);
  const size = bytesOfRegister(list[0]);
  const sp = m.get('sp');
  for (const [i, r] of list.entries()) m.set(r, m.load(sp + size * i));
  m.set('sp', sp + size * list.length);
};

const plus = (a: number, b: number): number => a + b;
const minus = (a: number, b: number): number => a - b;

/** By mnemonic. Vectors, conditional moves and the rest are not here: they leave what they write not known. */
export const EFFECTS: Readonly<Record<string, Effect>> = {
  add: two(plus, 'none'),
  addw: two(plus, 'none'),
  adds: two(plus, 'result'),
  sub: two(minus, 'none'),
  subw: two(minus, 'none'),
  subs: two(minus, 'comparison'),
  rsb: two((a, b) => b - a, 'none'),
  rsbs: two((a, b) => b - a, 'result'),
  and: two(
    known((a, b) => a & b),
    'none',
  ),
  orr: two(
    known((a, b) => a | b),
    'none',
  ),
  eor: two(
    known((a, b) => a ^ b),
    'none',
  ),
  eors: two(
    known((a, b) => a ^ b),
    'result',
  ),
  bics: two(
    known((a, b) => a & ~b),
    'result',
  ),
  muls: two(known(Math.imul), 'result'),
  mla: (m, [to, a, b, c]) => m.set(to, known(Math.imul)(m.get(a), m.get(b)) + m.get(c)),
  lsl: shift(left, null),
  lsls: shift(left, () => Number.NaN),
  lsr: shift(logicalRight, null),
  lsrs: shift(logicalRight, (a, n) => (a >>> (n - 1)) & 1),
  asr: shift(right, null),
  asrs: shift(right, (a, n) => (a >> (n - 1)) & 1),
  mov: move(false, (a) => a),
  movs: move(true, (a) => a),
  movw: move(false, (a) => a),
  movt: (m, [to, high]) => m.set(to, known((low, h) => (low & 0xffff) | (h << 16))(m.get(to), m.get(high))),
  mvn: move(false, (a) => (Number.isNaN(a) ? a : ~a)),
  cmp: (m, operands) => {
    m.difference = m.get(operands[0]) - m.shifted(operands, 1);
  },
  ldr: (m, operands) => m.set(operands[0], m.load(m.address(operands, 1))),
  ldrb: loadPart,
  ldrsb: loadPart,
  ldrh: loadPart,
  ldrsh: loadPart,
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
  strb: addressed,
  strh: addressed,
  strd: (m, operands) => {
    const [low, high] = [m.get(operands[0]), m.get(operands[1])];
    const address = m.address(operands, 2);
    m.store(address, low);
    m.store(address + 4, high);
  },
  ldm: many(true),
  stm: many(false),
  vldrb: addressed,
  vldrbt: addressed,
  vldrh: addressed,
  vldrw: addressed,
  vstrb: addressed,
  vstrbt: addressed,
  vstrh: addressed,
  vstrw: addressed,
  vldmia: many(true),
  vstmia: many(false),
  push,
  pop,
  vpush: push,
  vpop: pop,
};
