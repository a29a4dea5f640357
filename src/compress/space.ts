import type { Augmentation } from '../data/index.ts';
import type { Recipe } from '../pipeline.ts';
import type { ChannelGroup } from '../prune/index.ts';
import type { Choice, Trial } from '../search/index.ts';
import { allocate, type Sensitivity } from './sensitivity.ts';

/** Stages in order: P prune (and fine-tune), Q quantize, D distil. All end quantized; Q before others means that these keep it so. */
export const ORDERS = ['Q', 'PQ', 'QP', 'DQ', 'QD', 'PDQ', 'PQD', 'DPQ', 'DQP', 'QPD', 'QDP'] as const;

type Stages = Recipe['stages'];

const RECIPE = 'recipe';

export interface Space {
  /** Stages that somebody found before, the first to be tried; they are the order `recipe`. */
  readonly recipe: Stages | null;
  /** Stages before all others. */
  readonly first: Stages;
  readonly groups: readonly ChannelGroup[];
  /** Largest number of epochs of one training stage. */
  readonly epochs: number;
  /** Examples in one step. */
  readonly batch: number;
  /** What cutting each group alone changes and saves. */
  readonly sensitivity: Sensitivity;
  /** What weights of 4 bits in each layer alone change and save; null where all are to have 8. */
  readonly fewerBits: Sensitivity | null;
  /** Whether quantization-aware training is among the choices; else a quantized network is trained as float and quantized again. */
  readonly qat: boolean;
  /** Ways to vary examples while training, by name; `none` is always one. */
  readonly augmentations: Readonly<Record<string, Augmentation | null>>;
}

/** What is worth trying for inputs [h, w, c] of this shape: pictures shift both ways and may be mirrored, signals shift in time. */
export function augmentationsFor([h, w, c]: readonly number[]): Space['augmentations'] {
  const shift = (n: number) => Math.max(1, Math.round(n / 16));
  if (Math.min(h, w) >= 16) {
    const pictures = { shift: [shift(h), shift(w)] as [number, number] };
    const mirrored = { 'shift and flip': { ...pictures, flip: true } };
    // Photographs may be mirrored; digits and spectrograms had better not.
    return c === 3 ? { none: null, ...mirrored, shift: pictures } : { none: null, shift: pictures, ...mirrored };
  }
  if (Math.max(h, w) < 16) return { none: null };
  const time: [number, number] = h >= w ? [shift(h), 0] : [0, shift(w)];
  return { none: null, shift: { shift: time }, 'shift and scale': { shift: time, scale: 0.1 } };
}

/** Channels left in a group are a multiple of 4 where there are many: kernels work on four at once. */
export const multipleOf = ({ groups }: Pick<Space, 'groups'>): number => (groups.some((g) => g.units.length >= 16) ? 4 : 1);

/** The stages of one trial. Conditional: a parameter is asked for only where its stage is. */
export function suggestStages(trial: Trial, space: Space): Stages {
  const order = trial.suggestCategorical('order', space.recipe ? [...ORDERS, RECIPE] : [...ORDERS]) as string;
  if (space.recipe && order === RECIPE) return space.recipe;
  const stages = [...order].flatMap((letter, i) => {
    const quantized = order.slice(0, i).includes('Q');
    if (letter === 'P') return suggestPrune(trial, space, quantized);
    if (letter === 'Q') return suggestQuantize(trial, space);
    return suggestDistill(trial, space, quantized);
  });
  return [...space.first, ...stages];
}

/** Groups are cut where it saves the most for an allowed change of the logits; what a group saves may count for more or less. */
function suggestPrune(trial: Trial, space: Space, quantized: boolean): Stages {
  const change = trial.suggestFloat('prune.change', 0.003, 1, { log: true });
  const worth = Object.fromEntries(
    space.groups.map(({ name }) => [name, trial.suggestFloat(`prune.worth.${name}`, 0, 2, { step: 0.5 })]),
  );
  const ratios = allocate(space.sensitivity, worth, change);
  const criterion = trial.suggestCategorical('prune.criterion', ['reconstruction', 'l2', 'activation']);
  const cut = { stage: 'prune', ratio: 0, ratios, criterion, multiple: multipleOf(space) };
  const training = suggestTraining(trial, 'finetune', space, quantized);
  return training.epochs > 0 ? [cut, { stage: 'finetune', ...training }] : [cut];
}

/** Layers have their weights in 4 bits where it saves the most for an allowed change of the logits. */
function suggestQuantize(trial: Trial, { fewerBits }: Space): Stages {
  const calibrator = trial.suggestCategorical('quantize.calibrator', ['mse', 'min-max', 'percentile']);
  const weights = fewerBits === null ? 'int8' : trial.suggestCategorical('quantize.weights', ['int8', 'mixed']);
  if (fewerBits === null || weights === 'int8') return [{ stage: 'quantize', calibrator }];
  const chosen = allocate(fewerBits, {}, trial.suggestFloat('quantize.change', 0.001, 1, { log: true }));
  const layerBits = Object.fromEntries(Object.entries(chosen).flatMap(([name, ratio]) => (ratio ? [[name, 4]] : [])));
  return [{ stage: 'quantize', calibrator, layerBits }];
}

function suggestDistill(trial: Trial, space: Space, quantized: boolean): Stages {
  return [
    {
      stage: 'distill',
      teacher: trial.suggestCategorical('distill.teacher', ['original', 'self']),
      temperature: trial.suggestFloat('distill.temperature', 1, 8, { log: true }),
      weight: trial.suggestFloat('distill.weight', 0.1, 1),
      ...suggestTraining(trial, 'distill', space, quantized),
    },
  ];
}

/** Training a quantized network as float and quantizing it again is what orders with Q at the end do, so `off` is no choice beside the others. */
function suggestTraining(trial: Trial, stage: string, { epochs, batch, qat, augmentations }: Space, quantized: boolean) {
  const augment = augmentations[trial.suggestCategorical(`${stage}.augment`, Object.keys(augmentations)) as string];
  return {
    ...(augment && { augment }),
    batch,
    epochs: trial.suggestInt(`${stage}.epochs`, stage === 'finetune' ? 0 : 1, epochs),
    learningRate: trial.suggestFloat(`${stage}.learningRate`, 1e-4, 5e-3, { log: true }),
    ...(quantized && { qat: qat ? trial.suggestCategorical(`${stage}.qat`, ['learned', 'fixed']) : 'off' }),
  };
}

/** The plain recipes a person would try first, so that the result is never worse than they are. */
export function knownStarts(space: Space): Readonly<Record<string, Choice>>[] {
  const calibrator = { 'quantize.calibrator': 'mse' };
  const quantize = space.fewerBits ? { ...calibrator, 'quantize.weights': 'int8' } : calibrator;
  const mixed = (change: number) =>
    space.fewerBits ? { ...calibrator, 'quantize.weights': 'mixed', 'quantize.change': change } : calibrator;
  const augment = Object.keys(space.augmentations)[1] ?? 'none';
  const tune = (stage: string, rate: number) => ({
    [`${stage}.augment`]: augment,
    [`${stage}.epochs`]: space.epochs,
    [`${stage}.learningRate`]: rate,
  });
  const distill = (rate: number) => ({
    'distill.teacher': 'original',
    'distill.temperature': 4,
    'distill.weight': 1,
    ...tune('distill', rate),
  });
  const cut = (change: number, where: 'all' | 'late' = 'all') => ({ ...pruneStart(space, change, where), 'finetune.epochs': 0 });
  const aware = { ...distill(0.0005), ...(space.qat && { 'distill.qat': 'learned' }) };
  return [
    ...(space.recipe ? [{ order: RECIPE }] : []),
    { order: 'Q', ...quantize },
    { order: 'PQ', ...quantize, ...cut(0.01) },
    { order: 'PQ', ...quantize, ...cut(0.04) },
    { order: 'PDQ', ...quantize, ...cut(0.03), ...distill(0.0003) },
    { order: 'PDQ', ...quantize, ...cut(0.06, 'late'), ...distill(0.0005) },
    { order: 'PDQ', ...quantize, ...cut(0.08), ...distill(0.001) },
    { order: 'QD', ...mixed(0.1), ...aware },
    { order: 'PQD', ...mixed(0.05), ...cut(0.02), ...aware },
  ];
}

/** What is lost early in a network is harder to win back than its own change tells: `late` leaves the first half of the groups whole. */
function pruneStart({ groups }: Space, change: number, where: 'all' | 'late') {
  const worth = (place: number) => (where === 'all' || place >= groups.length / 2 ? 1 : 0);
  return {
    'prune.change': change,
    ...Object.fromEntries(groups.map(({ name }, place) => [`prune.worth.${name}`, worth(place)])),
    'prune.criterion': 'reconstruction',
  };
}
