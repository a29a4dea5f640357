import { type Instruction, type Listing, registersOf } from './listing.ts';

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
export function bytesOfListing(code: Listing): number {
  const sizes = code.map((i) => (isNarrow(i) ? 2 : 4));
  const starts = [0];
  for (const size of sizes) starts.push(starts[starts.length - 1] + size);
  for (const [i, { name, target }] of code.entries()) {
    if (sizes[i] === 4 || target < 0 || !name.startsWith('b') || name === 'bx') continue;
    if (Math.abs(starts[target] - starts[i] - 4) > (name === 'b' ? NEAR.other : NEAR.conditional)) sizes[i] = 4;
  }
  return sizes.reduce((a, b) => a + b, 0);
}
