/**
 * A text without its numbers, and its functions without theirs: what they are is the layer's. Divisors that are powers of two are told
 * apart: the others take a multiplication, or a function of the library. So is a last argument of 0, a shift that does nothing.
 */
const normalized = (text: string): string =>
  text
    .replace(NUMBER, (_, divided: string | undefined, digits: string, last: string | undefined) => {
      const n = Number(digits);
      if (last && n === 0) return '0';
      return divided ? `${divided}${n & (n - 1) ? 'N' : 'P'}` : 'N';
    })
    .replace(/([A-Za-z]\w*?)_\d+ \(/g, '$1 (');

const NUMBER = /([/%] )?(?<![\w.])(0x[0-9a-fA-F]+|\d+)[uUlL]*(?!\w)(?=( \))?)/g;

/** What tells a part of the C from others. */
export const keyOf = (text: string): string => digest(normalized(text));

function digest(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h.toString(36);
}
