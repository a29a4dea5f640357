import { type Dataset, joinExamples, type Part, takeExamples } from './dataset.ts';
import { splitStratified } from './split.ts';

/**
 * The dataset with a validation part of `wanted` examples at least, taken from the train part (stratified and seeded), which keeps two
 * thirds of both. With few examples no loss of accuracy is significant.
 */
export function withValidationOf(data: Dataset, wanted: number, seed: number): Dataset {
  const { train, validation } = data;
  if (!train || !validation) return data;
  const target = Math.min(wanted, Math.floor((train.count + validation.count) / 3));
  const moved = target - validation.count;
  if (moved <= 0) return data;
  const share = moved / train.count;
  const [kept, toValidation] = splitStratified(train, data.inputs[0].shape, [1 - share, share], seed).map((places) =>
    takeExamples(train, places),
  );
  return { ...data, train: kept, validation: joinExamples([validation, toValidation]) };
}

/** The dataset without a share of its validation part (stratified and seeded), and that share. */
export function withPartApart(data: Dataset, share: number, seed: number): { readonly seen: Dataset; readonly apart: Part } {
  const validation = data.validation!;
  const places = splitStratified(validation, data.inputs[0].shape, [1 - share, share], seed);
  const [kept, apart] = places.map((p) => takeExamples(validation, p));
  return { seen: { ...data, validation: kept }, apart };
}

/** The dataset with its validation part among the train part too, for what is judged by neither. */
export function withAllTraining(data: Dataset): Dataset {
  return { ...data, train: joinExamples([data.train!, data.validation!]) };
}
