import type { Consumer } from './consumers.ts';
import type { Gram } from './grams.ts';

/** Share of the mean square added to the diagonal: least squares must not trust directions that the data hardly shows. */
const RIDGE = 1e-3;

/** What is added to the diagonal of a Gram matrix, on all but the constant 1. */
export function ridgeOf({ n, means }: Gram, { columns }: Pick<Consumer, 'columns'>): number {
  let trace = 0;
  for (let i = 0; i < columns; i++) trace += means[i * n + i];
  return (RIDGE * trace) / columns + 1e-12;
}

/** The Gram matrix with its ridge. */
export function ridged(gram: Gram, consumer: Consumer): Float64Array {
  const h = gram.means.slice();
  const ridge = ridgeOf(gram, consumer);
  for (let i = 0; i < consumer.columns; i++) h[i * gram.n + i] += ridge;
  return h;
}
