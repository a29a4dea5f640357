/** What quantizing loses and why, as data: `explainQuantization` (src/quant) finds it out. */

/** Kinds of causes; docs/quantization.md says what each means. */
export const CAUSES = ['features', 'shared', 'offset', 'channels', 'clipped', 'outliers', 'units', 'bits'] as const;

/** Why a tensor loses by rounding, and what would mend it. */
export interface Cause {
  readonly tensor: string;
  readonly kind: (typeof CAUSES)[number];
  readonly what: string;
  readonly fix: string;
}

/** What rounding does to one layer, or to an input. Errors are powers of the error by that of the signal. */
export interface LayerLoss {
  readonly name: string;
  readonly op: string;
  readonly bits: number;
  /** Of its output, with all rounding up to it. */
  readonly error: number;
  /** Cosine between its output in integers and in floats. */
  readonly cosine: number;
  /** Largest difference of a value, in its unit. */
  readonly largest: number;
  /** Of the network's answers, were its output alone rounded. */
  readonly outputAlone: number;
  /** The same for its weights; null where it has none. */
  readonly weightsAlone: number | null;
  readonly cause: Cause | null;
}

export interface Explanation {
  /** Power of the error of the network's answers by that of their spread. */
  readonly outputError: number;
  readonly examples: number;
  readonly layers: readonly LayerLoss[];
  /** Of the layers that disturb the answers most, the worst first. */
  readonly causes: readonly (Cause & { readonly layer: string; readonly alone: number })[];
}
