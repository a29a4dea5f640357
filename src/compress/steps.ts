/** What the search tunes: how an arm cuts, trains and quantizes. One plan makes the stages of all its steps. */
import type { Augmentation } from '../data/index.ts';
import { hasPlain } from '../distill/separable.ts';
import { type Range, rangeOf } from '../options/index.ts';
import { type Recipe, STAGES, stagesOf } from '../pipeline.ts';
import { blocksOf } from '../prune/blocks.ts';
import { type ChannelGroup, channelGroups } from '../prune/index.ts';
import { toFloat } from '../run/integer.ts';
import type { Choice, Trial } from '../search/index.ts';
import type { Model } from '../stage.ts';
import type { Task } from '../task/index.ts';
import type { Settings } from './options.ts';

export type Stages = Recipe['stages'];

/** How an arm descends from its start. */
export interface Plan {
  /** Change of the logits, as a share of their variance, that one cut may cause. */
  readonly change: number;
  /** Trainings that share the samples, each after cuts. */
  readonly steps: number;
  /** Share of the lost accuracy that a training is hoped to win back. */
  readonly hope: number;
  /** By name of the group: what cutting it saves counts for so much more or less. */
  readonly worth: Readonly<Record<string, number>>;
  /** Change of the logits that weights of 4 bits may cause; null where all have 8. */
  readonly fewerBits: number | null;
  /** Change of the logits that leaving out whole blocks may cause, together; null where all stay. */
  readonly blocks: number | null;
  /** Whether plain convolutions become separable ones. */
  readonly separable: boolean;
  /** Whether the last training is of the quantized network. */
  readonly aware: boolean;
  /** Options of the stages. */
  readonly prune: Readonly<Record<string, Choice>>;
  readonly distill: Readonly<Record<string, unknown>>;
  readonly quantize: Readonly<Record<string, Choice>>;
  /** Stages of a caller's own, before the last training. */
  readonly own: Stages;
}

/** What plans of one model may hold. */
export interface Space {
  readonly groups: readonly string[];
  /** There are blocks that can be left out. */
  readonly blocks: boolean;
  /** There are plain convolutions that could be separable ones. */
  readonly separable: boolean;
  readonly mixed: boolean;
  readonly qat: boolean;
  readonly augmentations: Readonly<Record<string, Augmentation | null>>;
  /** Another model that may teach, and examples without labels. */
  readonly outside: Pick<Settings, 'teacher' | 'unlabelled'>;
}

/** What is worth trying for inputs [h, w, c] of this shape: pictures shift both ways and may be mirrored, signals shift in time. */
export function augmentationsFor([h, w, c]: readonly number[]): Space['augmentations'] {
  const shift = (n: number) => Math.max(1, Math.round(n / 16));
  const blended = (how: Augmentation, name: string) => ({ [name]: how, [`${name}, blend`]: { ...how, mixup: 0.5 } });
  if (Math.min(h, w) >= 16) {
    const pictures = { shift: [shift(h), shift(w)] as [number, number] };
    const mirrored = { 'shift and flip': { ...pictures, flip: true } };
    // Photographs may be mirrored; digits and spectrograms had better not.
    return c === 3 ? { ...mirrored, ...blended(pictures, 'shift'), none: null } : { ...blended(pictures, 'shift'), none: null };
  }
  if (Math.max(h, w) < 16) return { none: null, blend: { mixup: 0.5 } };
  const time: [number, number] = h >= w ? [shift(h), 0] : [0, shift(w)];
  return { ...blended({ shift: time }, 'shift'), 'shift and scale': { shift: time, scale: 0.1 }, none: null };
}

export function spaceOf(
  { graph }: Model,
  { weightBits, qat, teacher, unlabelled }: Pick<Settings, 'weightBits' | 'qat' | 'teacher' | 'unlabelled'>,
  task?: Pick<Task, 'name'>,
): Space {
  const shape = graph.tensors[graph.inputs[0]].shape.slice(1);
  const augmentations = augmentationsFor(shape.length === 3 ? shape : [shape[0] ?? 1, 1, 1]);
  const isOfValues = task?.name === 'regression' || task?.name === 'reconstruction';
  return {
    groups: channelGroups(toFloat(graph)).map((g) => g.name),
    blocks: blocksOf(toFloat(graph)).length > 0,
    separable: hasPlain(toFloat(graph)),
    mixed: weightBits === 'mixed',
    qat,
    outside: { ...(teacher && { teacher }), ...(unlabelled && { unlabelled }) },
    // A value may change where its input is moved.
    augmentations: isOfValues ? { none: null, ...augmentations } : augmentations,
  };
}

/** Channels left in a group are a multiple of 4 where there are many: kernels work on four at once. */
export const multipleOf = (groups: readonly ChannelGroup[]): number => (groups.some((g) => g.units.length >= 16) ? 4 : 1);

/** A plan of an arm that starts from the model as given. Conditional: a parameter is asked for only where it counts. */
export function suggestStart(trial: Trial, { groups, blocks, separable, mixed, qat, augmentations, outside }: Space): Plan {
  const worth = groups.map((name) => [name, trial.suggestFloat(`worth.${name}`, 0, 2, { step: 0.5 })]);
  const augment = augmentations[trial.suggestCategorical('augment', Object.keys(augmentations))];
  return {
    change: trial.suggestFloat('change', 0.003, 0.3, { log: true }),
    steps: trial.suggestInt('steps', 1, 6, { log: true }),
    hope: trial.suggestFloat('hope', 0, 0.7),
    worth: Object.fromEntries(worth),
    fewerBits: suggestBits(trial, '', mixed),
    blocks:
      blocks && trial.suggestCategorical('blocks', [false, true])
        ? trial.suggestFloat('blockChange', 0.05, 2, { log: true })
        : null,
    separable: separable && trial.suggestCategorical('separable', [false, true]),
    aware: qat && trial.suggestCategorical('aware', [true, false]),
    prune: suggestOptions(trial, 'prune', ['criterion']),
    distill: {
      ...suggestOptions(trial, 'distill', ['learningRate']),
      ...suggestTeacher(trial, outside),
      ...suggestOptions(trial, 'distill', ['temperature', 'weight']),
      ...(augment && { augment }),
    },
    quantize: suggestOptions(trial, 'quantize', ['calibrator']),
    own: ownStages(trial),
  };
}

/** How an arm continues: by its plan, perhaps with smaller cuts, another expectation and fewer bits. */
export function suggestAgain(trial: Trial, { mixed }: Space, plan: Plan): { plan: Plan; node: NodeName } {
  const fewerBits = suggestBits(trial, 'again.', mixed);
  const smaller = trial.suggestCategorical('again.cut', [0.25, 0.5, 1]);
  return {
    node: trial.suggestCategorical('again.node', ['candidate', 'walked', 'held']),
    plan: {
      ...plan,
      change: plan.change * smaller,
      hope: trial.suggestFloat('again.hope', 0, 0.9),
      steps: trial.suggestInt('again.steps', 1, 4),
      fewerBits: fewerBits ?? plan.fewerBits,
    },
  };
}

/** Which node of a trial another continues from: its candidate, the one its last training began with, or the best that holds the goal. */
export type NodeName = 'candidate' | 'walked' | 'held';

/** Who teaches; unlabelled examples are used where there are any. */
function suggestTeacher(trial: Trial, { teacher, unlabelled }: Space['outside']): Record<string, unknown> {
  const range = rangeOf(STAGES.get('distill').kind.options.entries.teacher as Parameters<typeof rangeOf>[0]);
  const own = range && 'choices' in range ? range.choices : [];
  const chosen = trial.suggestCategorical('distill.teacher', teacher ? [OUTSIDE, ...own] : own);
  return { teacher: chosen === OUTSIDE ? teacher : chosen, ...(unlabelled && { unlabelled }) };
}

/** What a parameter calls the teacher from outside. */
export const OUTSIDE = 'outside';

function suggestBits(trial: Trial, prefix: string, mixed: boolean): number | null {
  if (!mixed || trial.suggestCategorical(`${prefix}bits`, ['8', 'mixed']) === '8') return null;
  return trial.suggestFloat(`${prefix}fewerBits`, 0.001, 0.3, { log: true });
}

/** Options of a stage, by the ranges that its schema gives. */
function suggestOptions(trial: Trial, stage: string, names?: readonly string[]): Record<string, Choice> {
  const { entries } = STAGES.get(stage).kind.options;
  const found: Record<string, Choice> = {};
  for (const [name, schema] of Object.entries(entries)) {
    const range = rangeOf(schema as Parameters<typeof rangeOf>[0]);
    if (range && (names?.includes(name) ?? true)) found[name] = suggestIn(trial, `${stage}.${name}`, range);
  }
  return found;
}

function suggestIn(trial: Trial, name: string, range: Range): Choice {
  if ('choices' in range) return trial.suggestCategorical(name, range.choices);
  const { low, high, integer, ...options } = range;
  return integer ? trial.suggestInt(name, low, high, options) : trial.suggestFloat(name, low, high, options);
}

/** Kinds of stages that a caller registered for the search. */
const ownStages = (trial: Trial): Stages =>
  STAGES.names
    .filter((name) => STAGES.get(name).kind.searched)
    .filter((name) => trial.suggestCategorical(`with.${name}`, [true, false]))
    .map((stage) => ({ stage, ...suggestOptions(trial, stage) }));

/** Stages of a path that train. */
export const trainingsOf = (stages: Stages): number => stagesOf({ stages }).filter((s) => s.trains).length;

/** Steps after which a training uses all of its learning rate, and a loss of accuracy that it needs all of it for. */
const WHOLE = { steps: 600, loss: 0.05 };

export interface Training {
  readonly epochs: number;
  readonly batch: number;
  /** Which training of its path it is: no two draw the same random numbers. */
  readonly round: number;
  readonly steps: number;
  /** Accuracy that the network has lost. */
  readonly loss: number;
  readonly quantized: boolean;
}

/** The stage of one training. A short one of a network that has lost little would only harm it by large steps. */
export function trainStage({ distill }: Plan, { epochs, batch, round, steps, loss, quantized }: Training): Stages[number] {
  const share = Math.min(1, Math.max(0.05, Math.sqrt(steps / WHOLE.steps), loss / WHOLE.loss));
  const learningRate = Number((Number(distill.learningRate) * share).toPrecision(3));
  return {
    stage: 'distill',
    ...distill,
    learningRate,
    epochs,
    batch,
    ...(round > 0 && { round }),
    ...(quantized && { qat: 'learned' }),
  };
}
