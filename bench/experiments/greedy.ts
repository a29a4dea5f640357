/**
 * A plain loop over public functions, what a search must at least be worth: measure what cutting each group changes, cut a little where it
 * saves the most, distil shortly with labels, on the weights as they are, again; where too much is lost, the last network that held is
 * distilled on what is left of the budget. All are quantized to int8 and judged as `compress` judges.
 *   node --import tsx bench/experiments/greedy.ts ds-cnn samples=50000 [change=0.02] [seed=0] [objective=weights,macs]
 */
import { costOf, figuresOf, fits, goalOf, marginOf, worthOf } from '../../src/compress/judge.ts';
import { checkSettings } from '../../src/compress/options.ts';
import { allocate, measureSensitivity } from '../../src/compress/sensitivity.ts';
import { augmentationsFor, multipleOf } from '../../src/compress/steps.ts';
import { distill } from '../../src/distill/index.ts';
import { findTask, judge } from '../../src/evaluate.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { findTarget } from '../../src/mcu/index.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { outlineRanges, quantize } from '../../src/quant/index.ts';
import { toFloat } from '../../src/run/integer.ts';
import type { Model } from '../../src/stage.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { objectiveOf, optionsIn, percent, TASKS } from './tasks.ts';

const { name, given } = optionsIn(process.argv);
const { model, data, target, maxDrop } = await TASKS[name](Number(given.seed ?? 0));
const [budget, change, rate] = [Number(given.samples), Number(given.change ?? 0.02), Number(given.rate ?? 0.001)];
const settings = checkSettings({ target, maxDrop, objective: objectiveOf(given.objective) });
const heap = await Heap.open();
const task = findTask(heap, model.graph, data);
const context = { heap, data: { ...data, test: null }, task, seed: Number(given.seed ?? 0), original: model };
const batch = data.train!.count < 5000 ? 32 : 64;
const mean = (a: Float64Array) => a.reduce((x, y) => x + y, 0) / a.length;
const right = (graph: Graph, part: 'validation' | 'test' = 'validation') => judge(heap, graph, data, part, task).scores;

const reference = right(model.graph);
const quantized = async (m: Model) => asStored(await runPipeline(m, [quantize()], context));
const plainGraph = await quantized(model);
const chip = findTarget(target);
const plain = figuresOf(plainGraph, chip, settings, mean(right(plainGraph)));
const goal = goalOf(chip, settings, plain, mean(reference));
const cost = async (graph: Graph) => {
  const scheme = { weightBits: 8, layerBits: {}, activationBits: 8, calibrator: 'mse', examples: 512 } as const;
  return costOf(figuresOf(outlineRanges({ graph, facts: {} }, context, scheme).graph, chip, settings, null), goal);
};

const [{ shape }] = data.inputs;
const [augment] = Object.values(augmentationsFor(shape.length === 3 ? shape : [shape[0], 1, 1]));
type Options = NonNullable<Parameters<typeof distill>[0]>;
let samples = 0;
/** A teacher's answer is a third of a forward and a backward pass. */
const WEIGHT = 4 / 3;
async function trained(m: Model, allowed: number, learningRate: number): Promise<Model> {
  const epochs = allowed / WEIGHT / data.train!.count;
  const size = Math.min(batch, data.train!.count);
  samples += WEIGHT * size * Math.ceil(epochs * Math.floor(data.train!.count / size));
  const varied = augment ? { augment: augment as Options['augment'] } : {};
  return runPipeline(
    m,
    [distill({ teacher: 'original', temperature: 2, weight: 0.6, epochs, learningRate, batch, ...varied })],
    context,
  );
}

const begun = process.cpuUsage();
const found: { graph: Graph; value: number; feasible: boolean; text: string }[] = [];
async function judged(m: Model, what: string): Promise<void> {
  const graph = await quantized(m);
  const answers = right(graph);
  const figures = figuresOf(graph, chip, settings, mean(answers));
  const margin = marginOf(answers, reference, goal);
  const feasible = fits(figures, goal.limits) && figures.accuracy! - margin >= goal.floor;
  const value = worthOf(figures, margin, goal);
  const text = `${figures.weightBytes} B ${figures.macs} MACs ${percent(figures.accuracy)} % value ${value.toFixed(4)}${feasible ? ' ok' : ''}`;
  found.push({ graph, value, feasible, text });
  console.log(`${what}: ${samples.toFixed(0)} samples, ${(process.cpuUsage(begun).user / 1e6).toFixed(0)} s: ${text}`);
}

let current = model;
const held: Model[] = [model];
for (let step = 1; step <= 30 && samples < budget / 2; step++) {
  const groups = channelGroups(toFloat(current.graph));
  const multiple = multipleOf(groups);
  const ratios = allocate(await measureSensitivity(current, groups, multiple, cost, context), {}, change);
  const cut = await prune({ ratio: 0, ratios, multiple }).run(current, context);
  if (cut.graph === current.graph) break;
  current = await trained(cut, budget / 24, rate);
  await judged(current, `step ${step}`);
  const accuracy = mean(right(current.graph));
  if (accuracy >= goal.floor) held.push(current);
  else if (accuracy < goal.floor - maxDrop) break;
}
await judged(await trained(held.at(-1)!, budget - samples, rate), 'the last that held');
const best = found.reduce((a, b) => ((b.feasible && !a.feasible) || (b.feasible === a.feasible && b.value < a.value) ? b : a));
console.log(
  `greedy ${name} ${process.argv.slice(3).join(' ')}: validation ${percent(goal.before)} floor ${percent(goal.floor)}; ${best.text}; ` +
    `test ${percent(mean(right(model.graph, 'test')))} -> ${percent(mean(right(best.graph, 'test')))}; ${samples.toFixed(0)} samples`,
);
