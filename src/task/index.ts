/**
 * What models are for. A `Task` (task.ts) is plain data: what is judged, at which output, by which metric. `rulesOf(task.name)` gives what
 * that kind of task knows (labels, loss, metrics, imitation), one file a task behind one interface, `TaskRules`. `recognizeTask` finds the
 * task of a model from labels and graph, or refuses; no other room guesses it from shapes.
 *
 * To judge a graph: `judge(heap, graph, data, part, task)` of src/evaluate.ts gives its `Evaluation` with `quality`, the value of
 * `task.metric`, and `scores`, a number for each example (more is better) for paired tests (paired.ts). Whether more or less is better, and
 * how far one is from the other: `upward`, `dropBetween`, `afterDrop` (metrics.ts).
 *
 * What is asked of a model, of its metric and of single classes: `goalOf`, `missed` (goal.ts). As one number for every task:
 * `qualityScale`; how sure a drop is: `dropError` (quality.ts). What few examples can show: `pairedTest`, `smallestLoss` (paired.ts), `foldsBeside`
 * (folds.ts).
 */

export { argmax } from './classification.ts';
export { areaUnderCurve } from './figures.ts';
export { foldsBeside } from './folds.ts';
export { taskOfLabels, type Wanted } from './from_labels.ts';
export * from './goal.ts';
export { type Checked, chanceOfKeeping, checkedTogether, countsExamples } from './keeps.ts';
export { labelFacts } from './labels.ts';
export * from './metrics.ts';
export { outputsOf } from './outputs.ts';
export { describeSmallData, pairedTest, smallestLoss, upperTail } from './paired.ts';
export * from './quality.ts';
export { describeTask, recognizeTask, type TaskOptions, taskOptions } from './recognize.ts';
export { rulesOf } from './rules.ts';
export * from './task.ts';
