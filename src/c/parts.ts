import type { DType } from '../graph/graph.ts';
import type { CoreKind } from '../ops/buffer_sizes.ts';
import type { KernelCall, Operand } from '../ops/kernel_call.ts';
import type { CoreName } from '../targets/index.ts';
import type { Heap } from '../wasm/heap.ts';
import { formatC } from './format.ts';

/** A tensor of the network that is exported. */
export interface Placed extends Operand {
  readonly tensor: number;
}

export type Call = KernelCall<Placed>;

/** Which instructions a core has: plain C for ARMv7-M, two-operand code for ARMv6-M, DSP for ARMv7E-M and ARMv8-M, MVE for ARMv8.1-M. */
export type Variant = 'thumb1' | 'plain' | 'dsp' | 'mve';

const VARIANTS: Readonly<Record<CoreName, Variant>> = {
  'cortex-m0': 'thumb1',
  'cortex-m0+': 'thumb1',
  'cortex-m3': 'plain',
  'cortex-m4': 'dsp',
  'cortex-m7': 'dsp',
  'cortex-m33': 'dsp',
  'cortex-m55': 'mve',
  'cortex-m85': 'mve',
};

export const variantOf = (core: CoreName): Variant => VARIANTS[core];

/**
 * What is given up where not all can be had. `balanced` gives weights of 4 bits a byte each and the kernels of 8 bits. `flash` keeps them two to a byte. `speed` lets weights
 * grow where products become fewer (Winograd). `ram` writes outputs over inputs wherever the order of a kernel allows it, and runs layers around the largest images in bands.
 */
export const TRADES = ['balanced', 'flash', 'speed', 'ram'] as const;
export type Trade = (typeof TRADES)[number];
export const USUAL_TRADE: Trade = 'balanced';

/** Alignment of tensors in bytes: words, and whole vectors with MVE. */
export const ALIGNMENT = { thumb1: 4, plain: 4, dsp: 4, mve: 16 } as const;

/** Whose kernels the code file calls: those written into it, or CMSIS-NN's where it has one. */
export type Kernels = 'own' | 'cmsis-nn';

const KINDS: Readonly<Record<Variant, CoreKind>> = { thumb1: 'c', plain: 'c', dsp: 'dsp', mve: 'mve' };

/** What a layer's function is called with. */
export type Argument =
  /** The place of a computed tensor. */
  | { readonly tensor: number }
  /** A constant table. */
  | { readonly table: string }
  /** The layer's own scratch, aligned to 16 bytes. */
  | 'scratch'
  /** A number or expression of C. */
  | { readonly text: string };

/** A function of the code file and what it is called with. */
export interface FunctionCall {
  readonly function: string;
  readonly arguments: readonly Argument[];
}

/** One layer: calls in this order. */
export interface LayerCode {
  readonly calls: readonly FunctionCall[];
  readonly scratchBytes: number;
  /** What it is called where it is another form than the trade `balanced` has. */
  readonly form?: string;
  /** How many times as many bytes its weights take then. */
  readonly growth?: number;
  /** Where a fast form was not exact and what replaces it, in plain words. */
  readonly notes: readonly string[];
  /** With a library: the function that asks it for the scratch it wants. */
  readonly asks?: string;
  /** Where the output may lie over the input: so many bytes before it, at a multiple of so many. */
  readonly overlap?: { readonly below: number; readonly multiple: number };
}

export type CType = 'int8_t' | 'uint8_t' | 'int16_t' | 'uint16_t' | 'int32_t' | 'uint32_t' | 'int64_t' | 'float';

export const BYTES_OF_TYPE: Readonly<Record<CType, number>> = {
  int8_t: 1,
  uint8_t: 1,
  int16_t: 2,
  uint16_t: 2,
  int32_t: 4,
  uint32_t: 4,
  int64_t: 8,
  float: 4,
};

/** How C holds an element. */
export const TYPES: Readonly<Record<DType, CType>> = {
  i4: 'int8_t',
  i8: 'int8_t',
  u8: 'uint8_t',
  bool: 'uint8_t',
  i16: 'int16_t',
  i32: 'int32_t',
  i64: 'int64_t',
  f32: 'float',
};

export interface Table {
  readonly name: string;
  readonly type: CType;
  readonly values: ArrayLike<number | bigint>;
  /** Equal for equal tables. */
  readonly key: string;
}

/** A function and its text. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** Functions and tables that layers share: equal ones occur once. */
export class Parts {
  readonly variant: Variant;
  /** Where the engine fills tables; null where only their sizes count. */
  readonly heap: Heap | null;
  readonly trade: Trade;
  readonly kernels: Kernels;
  /** Which build of CMSIS-NN the variant has. */
  readonly kind: CoreKind;
  readonly #prefix: string;
  readonly #functions = new Map<string, string>();
  readonly #tables = new Map<string, Table>();
  readonly #used = new Map<string, number>();
  /** Functions, callees first. */
  readonly #texts: NamedText[] = [];

  constructor(heap: Heap | null, variant: Variant, prefix: string, trade: Trade = USUAL_TRADE, kernels: Kernels = 'own') {
    this.heap = heap;
    this.trade = trade;
    this.variant = variant;
    this.kernels = kernels;
    this.kind = KINDS[variant];
    this.#prefix = prefix;
  }

  get tables(): Table[] {
    return [...this.#tables.values()];
  }

  /** The functions that `roots` call, and those that these call; callees first. */
  functions(roots: readonly string[]): NamedText[] {
    const used = new Set(roots);
    const kept: NamedText[] = [];
    for (const found of [...this.#texts].reverse()) {
      if (!used.has(found.name)) continue;
      kept.unshift(found);
      for (const [word] of found.text.matchAll(/[A-Za-z_]\w*/g)) used.add(word);
    }
    return kept;
  }

  /** A static function; `text` makes it for a name. The name it has, `base` where that is free. */
  function(base: string, text: (name: string) => string): string {
    const key = formatC(text('@'));
    const known = this.#functions.get(key);
    if (known) return known;
    const name = this.#free(base, '_');
    this.#functions.set(key, name);
    this.#texts.push({ name, text: formatC(text(name)) });
    return name;
  }

  /** A constant table of the weights file. `is` tells equal tables where their values are not made. */
  table(base: string, type: CType, values: ArrayLike<number | bigint>, is: string | null = null): Argument {
    const key = `${type}:${is ?? Array.prototype.join.call(values)}`;
    const known = this.#tables.get(key);
    if (known) return { table: known.name };
    const name = this.#free(`${this.#prefix}_${base}`, '_');
    this.#tables.set(key, { name, type, values, key });
    return { table: name };
  }

  /** The place of a computed tensor, or the table of a constant one. */
  operand({ tensor, data, dtype }: Placed): Argument {
    if (!data) return { tensor };
    return this.table(`t${tensor}`, TYPES[dtype], data);
  }

  #free(base: string, mark: string): string {
    const n = this.#used.get(base) ?? 0;
    this.#used.set(base, n + 1);
    return n ? `${base}${mark}${n + 1}` : base;
  }
}

/** Assembly as string literals, one a line. */
export const assemblyText = (listing: readonly string[]): string =>
  ['.syntax unified', ...listing].map((l) => `"${/^\S+:$/.test(l) ? l : `  ${l}`}\\n"`).join('\n');

/** A function in assembly, with a plain twin for other cores and for checks. */
export interface Twins {
  readonly name: string;
  /** Of the preprocessor: where the assembly is compiled. */
  readonly condition: string;
  readonly returns?: string;
  readonly parameters: readonly string[];
  readonly listing: readonly string[];
  /** Statements of the twin. */
  readonly plain: string;
}

export const twins = ({ name, condition, returns = 'void', parameters, listing, plain }: Twins): string => `
  #if ${condition}
  #pragma GCC diagnostic push
  #pragma GCC diagnostic ignored "-Wunused-parameter"
  THUMBNET_ASSEMBLY static ${returns} ${name}(${parameters.join(', ')}) {
    __asm volatile(
    ${assemblyText(listing)});
  }
  #pragma GCC diagnostic pop
  #else
  static ${returns} ${name}(${parameters.join(', ')}) {
    ${plain}
  }
  #endif
`;
