import type { NamedText, Variant } from '../c/parts.ts';
import { bytesOfListing } from './assembly/bytes.ts';
import { parseListing } from './assembly/listing.ts';
import { linesOfLiteral, MACROS, preprocessed } from './c_text/preprocess.ts';
import type { LatencyError } from './cycles.ts';
import type { FrameKind } from './generated_stack.ts';

/** Words of the C of a function by its name, without the number that tells it from others; and bytes of its assembly. */
export interface CodeSize {
  readonly base: string;
  readonly assembly: number;
  readonly words: number;
  /** Whether it is put in wherever it is called: assembly within C, and few words. */
  readonly isInline: boolean;
  /** Functions that it calls, as often as it does. */
  readonly calls: readonly string[];
}

/** A search asks for the same functions thousands of times. */
const SIZES = new WeakMap<NamedText, CodeSize>();

export function codeSizeOf(f: NamedText, variant: Variant): CodeSize {
  const size = SIZES.get(f) ?? sizeOfText(f, variant);
  SIZES.set(f, size);
  return size;
}

function sizeOfText({ name, text }: NamedText, variant: Variant): CodeSize {
  const compiled = preprocessed(text, (macro) => MACROS[variant].includes(macro));
  const lines = compiled.match(/^\s*"(?:[^"\\]|\\.)*"/gm) ?? [];
  const assembly = bytesOfListing(parseListing(lines.flatMap((l) => linesOfLiteral(l.trim()))));
  const rest = withoutDead(compiled.replace(/"(?:[^"\\]|\\.)*"|\/\*[\s\S]*?\*\//g, '').replace(/^\s*#.*$/gm, ''));
  const words = rest.match(/\w+|[^\s\w]/g)?.length ?? 0;
  // Rescaling and unpacking are put in where they are called.
  const inlined = /\b(requantize|nibble)\w* ?\(/.test(rest) ? '_inlined' : '';
  const isNaked = /THUMBNET_ASSEMBLY/.test(compiled);
  return {
    base: `${name.replace(/_\d+$/, '')}${inlined}`,
    assembly,
    words: isNaked ? 0 : words,
    isInline: !isNaked && (assembly > 0 || words <= FEW_WORDS),
    calls: [...rest.matchAll(/(\w+)\(/g)].flatMap(([, called]) => (called === name ? [] : [called])),
  };
}

/** Without what compilers leave out: loops of one turn, and in an image of one row with a window of one the questions whether a row is in it. */
function withoutDead(text: string): string {
  const oneRow = /\bky < 1;/.test(text) ? text.replace(INSIDE, '').replace(OUTSIDE, '') : text;
  return oneRow.replace(ONE_TURN, '').replace(IDLE, '');
}

/** Compilers put functions of so few words in. */
const FEW_WORDS = 80;

const INSIDE = /\(iy >= 0\) && \(iy < 1\) && /g;
const OUTSIDE = /if \(\(iy < 0\) \|\| \(iy >= 1\)\) \{[^{}]*\} else /g;
const ONE_TURN = /for \(int32_t (\w+) = 0; \1 < 1; \1\+\+\) /g;
const IDLE = / \* 1\b(?!\.)| [-+] 0\b(?![.x])/g;

/** Bytes of a code file beside its assembly: for each word of C, of any function and of some; call of a layer; file. */
export interface FittedCode {
  readonly heldOut: LatencyError;
  /** By kind of layer the most that networks took beside what its text tells (generated_stack.ts). */
  readonly stack: Readonly<Record<FrameKind, number>>;
  readonly word: number;
  readonly words: Readonly<Record<string, number>>;
  readonly call: number;
  readonly fixed: number;
}

/** Errors are told of layers of at least so many instructions: of smaller ones, copies of a few bytes and the like, compilers leave nothing. */
export const LEAST_TOLD = 500;

/** Relative error of layers that were left out of the fit. */
export interface LayerError {
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly worst: number;
  readonly count: number;
}
