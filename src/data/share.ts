import type { Dataset, Part } from './dataset.ts';
import { isPaged } from './paged.ts';

type Typed = { readonly length: number; readonly BYTES_PER_ELEMENT: number };

/** The same numbers in memory that threads share; as they are where the host has no such memory. */
function shared<T extends Typed>(values: T): T {
  if (typeof SharedArrayBuffer === 'undefined') return values;
  const View = values.constructor as new (of: SharedArrayBuffer) => T & { set(values: T): void };
  const copy = new View(new SharedArrayBuffer(values.length * values.BYTES_PER_ELEMENT));
  copy.set(values);
  return copy;
}

const sharedPart = (part: Part | null): Part | null =>
  part && {
    ...part,
    inputs: part.inputs.map((x) => (isPaged(x) ? x : shared(x))),
    y: part.y && shared(part.y),
    ...(part.groups && { groups: shared(part.groups) }),
  };

/** The dataset with examples and labels in shared memory: a message hands it to another thread without copying them. */
export function shareDataset(data: Dataset): Dataset {
  const { train, validation, test } = data;
  return { ...data, train: sharedPart(train), validation: sharedPart(validation), test: sharedPart(test) };
}
