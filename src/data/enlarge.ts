import { type Dataset, type Part, takeExamples } from './dataset.ts';
import type { RawPart } from './raw.ts';
import { splitStratified } from './split.ts';

/**
 * The dataset with a validation part of `wanted` examples at least, taken from the train part (stratified and seeded), which keeps two
 * thirds of both. With few examples the loss of an accuracy cannot be told from luck.
 */
export function withValidationOf(data: Dataset, wanted: number, seed: number): Dataset {
  const { train, validation } = data;
  if (!train || !validation) return data;
  const target = Math.min(wanted, Math.floor((train.count + validation.count) / 3));
  const moved = target - validation.count;
  if (moved <= 0) return data;
  const share = moved / train.count;
  const raw = { ...train, shape: data.shape } as unknown as RawPart;
  const [stays, goes] = splitStratified(raw, [1 - share, share], seed).map((places) => takeExamples(train, places));
  return { ...data, train: stays, validation: joined(validation, goes) };
}

function joined(a: Part, b: Part): Part {
  const x = new (a.x.constructor as new (n: number) => Part['x'])(a.x.length + b.x.length);
  x.set(a.x);
  x.set(b.x, a.x.length);
  const y = a.y && b.y ? Int32Array.from([...a.y, ...b.y]) : null;
  return { x, y, count: a.count + b.count };
}
