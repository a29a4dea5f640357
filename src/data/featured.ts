/** Examples of samples as features, by a front end that the chip repeats. */
import { floorLog2 } from '../elementary.ts';
import { CompressError } from '../errors.ts';
import { type FrontEnd, type FrontEndFacts, factsOf, featuresOf, frontEndOf, makeFrontEnd, shapeOf } from '../features/index.ts';
import { Heap } from '../wasm/heap.ts';
import { type Dataset, PARTS, type Part, type PartName, type Samples } from './dataset.ts';
import { normalizedFeatures } from './normalized.ts';
import { kindOf, numbersBetween } from './paged.ts';
import { counted, type RawPart } from './raw.ts';

type Parts = { readonly [name in PartName]?: RawPart };

/**
 * Parts with features in place of their samples.
 *
 * @param rate samples a second, where it is stated
 * @throws CompressError `shape-mismatch` for examples that are no samples in time, `bad-option` for a front end that does not fit them
 */
export async function withFeatures(
  parts: Parts,
  features: string | FrontEndFacts,
  rate: number | undefined,
  notes: string[],
): Promise<{ readonly parts: Parts; readonly frontEnd: FrontEnd }> {
  const present = PARTS.flatMap((name) => parts[name] ?? []);
  const [first] = present;
  const [samples, channels = 1] = first.info[0].shape;
  if (first.inputs.length !== 1 || first.info[0].shape.length > 2)
    throw new CompressError(
      'shape-mismatch',
      `${first.where} has examples of [${first.info.map((i) => i.shape).join('] and [')}], and features are computed of samples in time`,
      'give examples as [samples] or [samples, channels], or leave --features out',
    );
  const signal = { samples, channels, rate: rate ?? first.signal?.rate ?? null };
  const frontEnd =
    typeof features === 'string' ? makeFrontEnd(features, { ...signal, step: stepOf(first) }) : frontEndOf(features);
  if (frontEnd.samples !== samples || frontEnd.channels !== channels)
    throw new CompressError(
      'shape-mismatch',
      `${first.where} has examples of [${samples}, ${channels}], but the front end takes [${frontEnd.samples}, ${frontEnd.channels}]`,
      `add --window ${frontEnd.samples}, or give data with ${frontEnd.channels} channels`,
    );
  const heap = await Heap.open();
  const shape = shapeOf(frontEnd);
  notes.push(
    `features: ${frontEnd.name}, [${samples}, ${channels}] samples${signal.rate ? ` at ${signal.rate} Hz` : ''} -> [${shape}]`,
  );
  const behind = samples - (frontEnd.frames - 1) * frontEnd.hop - frontEnd.frame;
  if (behind > 0)
    notes.push(`features: the last ${counted(behind, 'sample')} of each example are in no whole frame, and not used`);
  const made = Object.entries(parts).flatMap(([name, part]) => {
    if (!part) return [];
    const { values, cut } = featuresOf(heap, frontEnd, read(part.inputs[0]), part.count);
    if (cut) notes.push(`${part.where}: ${cut} samples are beyond what 16 bits hold in steps of 2^${frontEnd.step}, and cut`);
    return [[name, { ...part, inputs: [values], info: [{ name: part.info[0].name, shape }] }] as const];
  });
  return { parts: Object.fromEntries(made), frontEnd };
}

const read = (x: Samples) => ({ subarray: (from: number, to: number): Samples => numbersBetween(x, from, to) });

/** 16 bits hold sound and integers as they are; of others twice what the part has. */
function stepOf({ inputs: [x], signal, count }: RawPart): number {
  if (signal?.isSound) return -15;
  if (kindOf(x) !== 'f4') return 0;
  const size = x.length / count;
  let greatest = 0;
  for (let from = 0; from < x.length; from += size) {
    for (const v of numbersBetween(x, from, from + size)) greatest = Math.max(greatest, Math.abs(v));
  }
  return greatest > 0 ? floorLog2(greatest) + 1 - 14 : -15;
}

/**
 * The same examples by another front end, normalized over the train part.
 *
 * @param samples as they are read without features
 * @param like    the front end of the same signal, whose rate and step hold
 * @throws CompressError `bad-option` for a front end that does not fit them
 */
export async function byFrontEnd(samples: Dataset, features: string, like: FrontEndFacts): Promise<Dataset> {
  const frontEnd = frontEndOf({ ...like, features });
  const heap = await Heap.open();
  const partOf = (part: Part | null) =>
    part && { ...part, inputs: [featuresOf(heap, frontEnd, read(part.inputs[0]), part.count).values] };
  const [train, validation, test] = PARTS.map((name) => partOf(samples[name]));
  return normalizedFeatures({
    ...samples,
    ...{ train, validation, test, frontEnd },
    inputs: [{ name: samples.inputs[0].name, shape: shapeOf(frontEnd) }],
    stated: { ...samples.stated, features: factsOf(frontEnd) },
  });
}
