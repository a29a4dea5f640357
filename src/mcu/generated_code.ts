import type { NamedText } from '../c/parts.ts';

interface CodeSize {
  readonly assembly: number;
  readonly words: number;
}

/** A search asks for the same functions thousands of times. */
const SIZES = new WeakMap<NamedText, CodeSize>();

/** How much code a function is: lines of assembly, or words of C. Of twins the assembly is compiled. */
export function codeSizeOf(f: NamedText): CodeSize {
  const size = SIZES.get(f) ?? sizeOfText(f.text);
  SIZES.set(f, size);
  return size;
}

function sizeOfText(text: string): CodeSize {
  const assembly = text.match(/^\s*"\s+[a-z]/gm)?.length ?? 0;
  return assembly ? { assembly, words: 0 } : { assembly, words: text.match(/\w+|[^\s\w]/g)?.length ?? 0 };
}

/** The generator's own name of a function, without the number that tells it from others. */
export const baseOf = ({ name }: NamedText): string => name.replace(/_\d+$/, '');

/** Bytes of a code file for each line of assembly, word of C, call of a layer and file; the most stack that was seen painted. */
export interface FittedCode {
  readonly heldOut: { readonly median: number; readonly p90: number; readonly count: number };
  readonly stack: number;
  readonly assembly: number;
  readonly word: number;
  readonly call: number;
  readonly fixed: number;
}

/** Relative error of layers that were left out of the fit. */
export interface LayerError {
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly worst: number;
  readonly count: number;
}
