/** Fits the bytes that the C that Thumbnet writes takes. */
import type { FittedCode } from '../../src/mcu/generated_code.ts';
import type { CodeFeatures } from '../../src/mcu/generated_cost.ts';
import { nnls } from '../nnls.ts';

/** How strongly the bytes for each word of a function are held to those of any. */
const HELD_WORDS = 0.3;

export type CodeFit = Omit<FittedCode, 'heldOut' | 'stack'>;

/** Bytes of whole code files beside their assembly, by words of C, of any function first and then of each, and the number of calls. */
export function fitCode(rows: readonly CodeFeatures[], bytes: readonly number[]): CodeFit {
  const all = (r: CodeFeatures) => [...r.words.values()].reduce((a, b) => a + b, 0);
  const rest = rows.map((r, i) => Math.max(0, bytes[i] - r.assembly));
  const [word, call, fixed] = nnls(
    rows.map((r, i) => [all(r), r.calls, 1].map((v) => v / bytes[i])),
    rest.map((v, i) => v / bytes[i]),
  );
  const bases = [...new Set(rows.flatMap((r) => [...r.words.keys()]))].sort();
  const matrix = rows.map((r, i) => bases.map((b) => (r.words.get(b) ?? 0) / bytes[i]));
  const target = rows.map((r, i) => Math.max(0, rest[i] - call * r.calls - fixed) / bytes[i]);
  bases.forEach((_, j) => {
    const length = Math.sqrt(HELD_WORDS * matrix.slice(0, rows.length).reduce((n, row) => Math.max(n, row[j] * row[j]), 0));
    matrix.push(bases.map((_, k) => (k === j ? length : 0)));
    target.push(length * word);
  });
  const each = nnls(
    matrix,
    target,
    1e-9,
    bases.map(() => word),
  );
  return {
    word: rounded(word),
    call: rounded(call),
    fixed: rounded(fixed),
    words: Object.fromEntries(bases.map((b, i) => [b, rounded(each[i])])),
  };
}

/** To three digits. */
export const rounded = (x: number): number => Number(x.toPrecision(3));
