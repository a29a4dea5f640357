import { crc32 } from '../../digest.ts';

/**
 * A text without its numbers, and its functions without theirs: what they are is the layer's. Divisors that are powers of two are told
 * apart: the others take a multiplication, or a function of the library. So are a last argument of 0, a shift that does nothing, and what
 * pairOf tells. Whether a constant is added or taken away is not.
 */
const normalized = (text: string): string =>
  text
    .replace(PAIR, (_, minus: string | undefined, a: string, minus2: string | undefined, b: string) => {
      return `, ${pairOf(minus ? -Number(a) : Number(a), minus2 ? -Number(b) : Number(b))} )`;
    })
    .replace(NUMBER, (_, divided: string | undefined, digits: string, last: string | undefined) => {
      const n = Number(digits);
      if (last && n === 0) return '0';
      return divided ? `${divided}${n & (n - 1) ? 'N' : 'P'}` : 'N';
    })
    .replace(/\( - N \)/g, 'N')
    .replace(/ - N\b/g, ' + N')
    .replace(/([A-Za-z]\w*?)_\d+ \(/g, '$1 (');

/** Two constants as last arguments: a multiplier and a shift, or bounds. */
const PAIR = /, (- )?(\d+) , (- )?(\d+) \)/g;

const isPower = (n: number): boolean => n > 0 && (n & (n - 1)) === 0;

/** A multiplier that is a power of two is a shift; a shift to the left does not round. Some cores have one instruction for the bounds of a type. */
function pairOf(a: number, b: number): string {
  if (a >= LEAST_MULTIPLIER) return `${isPower(a) ? 'P' : 'N'} , ${b > 0 ? 'L' : b < 0 ? 'R' : '0'}`;
  if (b >= LEAST_BOUND && isPower(b + 1) && (a === 0 || a === -b - 1)) return a ? 'S' : 'U';
  return `${a < 0 ? '- N' : 'N'} , N`;
}

/** Of int8, int16. */
const LEAST_BOUND = 127;

/** Those of requantize have 31 bits. */
const LEAST_MULTIPLIER = 2 ** 30;

const NUMBER = /([/%] )?(?<![\w.])(0x[0-9a-fA-F]+|\d+)[uUlL]*(?!\w)(?=( \))?)/g;

/** What tells a part of the C from others. */
export const keyOf = (text: string): string => crc32(new TextEncoder().encode(normalized(text))).toString(36);
