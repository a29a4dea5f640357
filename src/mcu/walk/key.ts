import { crc32 } from '../../digest.ts';

/**
 * A text without its numbers, and its functions without theirs: what they are is the layer's. Divisors that are powers of two are told
 * apart: the others take a multiplication, or a function of the library. So is a last argument of 0, a shift that does nothing. Whether a constant is added or taken away is not.
 */
const normalized = (text: string): string =>
  text
    .replace(NUMBER, (_, divided: string | undefined, digits: string, last: string | undefined) => {
      const n = Number(digits);
      if (last && n === 0) return '0';
      return divided ? `${divided}${n & (n - 1) ? 'N' : 'P'}` : 'N';
    })
    .replace(/\( - N \)/g, 'N')
    .replace(/ - N\b/g, ' + N')
    .replace(/([A-Za-z]\w*?)_\d+ \(/g, '$1 (');

const NUMBER = /([/%] )?(?<![\w.])(0x[0-9a-fA-F]+|\d+)[uUlL]*(?!\w)(?=( \))?)/g;

/** What tells a part of the C from others. */
export const keyOf = (text: string): string => crc32(new TextEncoder().encode(normalized(text))).toString(36);
