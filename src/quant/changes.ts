import type { Graph, Quantization } from '../graph/graph.ts';
import { integerRange, DTYPE_OF_BITS } from '../graph/graph.ts';
import { shortName } from '../graph/names.ts';
import type { RangeChange } from '../stage.ts';
import { decibels } from './output_error.ts';
import { errorBy, type Histogram } from './range.ts';

/**
 * Ranges and schemes of activations before and after a network has changed, with what each errs on the values that the network takes now;
 * tensors are the same that have the same name.
 */
export function rangeChanges(before: Graph, after: Graph, histograms: ReadonlyMap<number, Histogram>): RangeChange[] {
  const records = new Map(before.tensors.flatMap((t) => (t.quant && !t.data ? [[t.name, t.quant] as const] : [])));
  return [...histograms].flatMap(([t, histogram]): RangeChange[] => {
    const { name, quant } = after.tensors[t];
    const old = records.get(name);
    if (!old || !quant || (old.scales[0] === quant.scales[0] && old.zeros[0] === quant.zeros[0])) return [];
    const [was, is] = [old, quant].map((record) => errorBy(histogram, record));
    const share = ({ error, signal }: typeof was) => error / Math.max(signal, Number.MIN_VALUE);
    return [{ tensor: name, before: coverOf(old), after: coverOf(quant), errorBefore: share(was), errorAfter: share(is) }];
  });
}

function coverOf({ bits, scales, zeros }: Quantization): RangeChange['before'] {
  const { min, max } = integerRange(DTYPE_OF_BITS[bits]);
  const [low, high] = [min, max].map((q) => scales[0] * (q - zeros[0]));
  return { low, high, scheme: zeros[0] === 0 ? 'symmetric' : 'asymmetric' };
}

const short = (v: number): string => String(Number(v.toPrecision(3)));

/** 120 dB: a smaller error is none. */
const LEAST = 1e-12;

/** What changed, in a sentence; null where nothing did. */
export function describeChanges(changes: readonly RangeChange[]): string | null {
  if (!changes.length) return null;
  const db = (error: number) => decibels(Math.max(error, LEAST));
  const gain = ({ errorBefore, errorAfter }: RangeChange) => db(errorAfter) - db(errorBefore);
  const most = changes.reduce((a, c) => (gain(c) > gain(a) ? c : a));
  const others = changes.filter((c) => c.before.scheme !== c.after.scheme).length;
  const mean = changes.reduce((sum, c) => sum + gain(c), 0) / changes.length;
  const range = ({ low, high, scheme }: RangeChange['before']) => `${short(low)}..${short(high)}${others ? ` ${scheme}` : ''}`;
  return (
    `ranges chosen again for ${changes.length} tensors${others ? `, another scheme for ${others}` : ''}: ${mean.toFixed(1)} dB less error of their values in the mean, ` +
    `most for "${shortName(most.tensor)}", ${range(most.before)} -> ${range(most.after)} (${gain(most).toFixed(1)} dB)`
  );
}
