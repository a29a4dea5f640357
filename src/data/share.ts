import type { Dataset, Part } from './dataset.ts';
import { isPaged, numbersBetween } from './paged.ts';

type Typed = { readonly length: number; readonly BYTES_PER_ELEMENT: number };

/** The same numbers in memory that threads share; as they are where the host has no such memory. */
function shared<T extends Typed>(values: T): T {
  if (typeof SharedArrayBuffer === 'undefined') return values;
  const View = values.constructor as new (of: SharedArrayBuffer) => T & { set(values: T): void };
  const copy = new View(new SharedArrayBuffer(values.length * values.BYTES_PER_ELEMENT));
  copy.set(values);
  return copy;
}

const sharedPart = (part: Part): Part => ({
  ...part,
  inputs: part.inputs.map((x) => (isPaged(x) ? x : shared(x))),
  y: part.y && shared(part.y),
  ...(part.groups && { groups: shared(part.groups) }),
});

const allParts = (data: Dataset, change: (part: Part) => Part): Dataset => {
  const [train, validation, test] = [data.train, data.validation, data.test].map((part) => part && change(part));
  return { ...data, train, validation, test };
};

/** The dataset with examples and labels in shared memory: a message hands it to another thread without copying them. */
export const shareDataset = (data: Dataset): Dataset => allParts(data, sharedPart);

/** The dataset with none of its examples in files: another machine has not got those. */
export const inMemory = (data: Dataset): Dataset =>
  allParts(data, (part) => ({ ...part, inputs: part.inputs.map((x) => (isPaged(x) ? numbersBetween(x, 0, x.length) : x)) }));
