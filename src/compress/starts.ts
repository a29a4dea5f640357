/** Plans that a person would try, as parameters of the search. */
import type { Choice } from '../search/index.ts';
import { type Budget, roundsOf, samplesOnOf } from './rungs.ts';
import { OUTSIDE, type Space } from './steps.ts';

/** Steps of an arm that goes on, at least and at most; more than the least where each sees all examples so many times. */
const STEPS = [2, 4] as const;
const EPOCHS = 10;

/**
 * Arms to try first, the plain greedy loop before all, and how they go on, round by round. A round that is followed by another may hope for much;
 * after the last nothing wins back what is lost.
 *
 * @param examples of the train part
 */
export function knownStarts(
  space: Space,
  budget: Pick<Budget, 'samples' | 'parallel'>,
  examples: number,
): Readonly<Record<string, Choice>>[] {
  const rounds = roundsOf(budget);
  const samplesOn = samplesOnOf(budget);
  const { groups, blocks, mixed, augmentations, outside } = space;
  const [usual] = Object.keys(augmentations);
  const blend = Object.keys(augmentations).find((name) => name.includes('blend')) ?? usual;
  const fewer = (fewerBits: number): Record<string, Choice> => (mixed ? { bits: 'mixed', fewerBits } : {});
  const late = Object.fromEntries(groups.map((name, place) => [`worth.${name}`, place < groups.length / 2 ? 0 : 1]));
  const starts = [
    startWith(space, {}),
    startWith(space, { ...fewer(0.02), change: 0.015 }),
    startWith(space, { change: 0.04, steps: 1, augment: blend }),
    startWith(space, { ...fewer(0.1), steps: 1 }),
    startWith(space, { hope: 0.5, ...late }),
    startWith(space, { ...fewer(0.05), steps: 3, hope: 0.5, augment: blend }),
    startWith(space, { change: 0.01, 'distill.weight': 1, 'distill.temperature': 4 }),
    startWith(space, { ...fewer(0.2), hope: 0.1, ...(blocks && { blocks: true, blockChange: 1 }) }),
  ]
    .slice(0, rounds[0].start)
    .map((start, i) => (outside.teacher && i % 2 ? { ...start, 'distill.teacher': OUTSIDE } : start));
  const again = (hope: number, over: Readonly<Record<string, Choice>> = {}) => ({
    'again.cut': 0.5,
    'again.node': 'candidate',
    'again.hope': hope,
    ...(mixed && { 'again.bits': '8' }),
    ...over,
  });
  // What holds is trained in fewer bits, with all there is to train it.
  const other = mixed
    ? again(0, { 'again.node': 'held', 'again.bits': 'mixed', 'again.fewerBits': 0.03, 'again.steps': 1 })
    : again(0.3, { 'again.node': 'held' });
  const last = [other, again(0.2)];
  const before = rounds[0].start === 1 ? [again(0.2)] : [again(0.6), other, again(0.8)];
  const goOn = rounds.slice(1).flatMap(({ on, start }, i, { length }) => {
    const plans = i === length - 1 ? last : before;
    const steps = { 'again.steps': Math.max(STEPS[0], Math.min(STEPS[1], Math.floor(samplesOn[i + 1] / examples / EPOCHS))) };
    return [
      ...Array.from({ length: on }, (_, n) => ({ ...steps, ...plans[n % plans.length] })),
      ...Array.from({ length: start }, () => ({})),
    ];
  });
  return [...starts, ...goOn];
}

function startWith({ groups, blocks, separable, mixed, qat, augmentations }: Space, over: Readonly<Record<string, Choice>>) {
  const plan: Record<string, Choice> = {
    ...Object.fromEntries(groups.map((name) => [`worth.${name}`, 1])),
    change: 0.02,
    steps: 2,
    hope: 0.3,
    augment: Object.keys(augmentations)[0],
    'prune.criterion': 'reconstruction',
    'distill.teacher': 'original',
    'distill.temperature': 2,
    'distill.weight': 0.6,
    'distill.learningRate': 0.004,
    'quantize.calibrator': 'mse',
    ...(blocks && { blocks: false }),
    ...(separable && { separable: false }),
    ...(mixed && { bits: '8' }),
    ...(qat && { aware: true }),
  };
  return { ...plan, ...over };
}
