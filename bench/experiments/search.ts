/**
 * `compress` on one of the jobs, in this process: figures of the validation part by samples, and the test part at the end.
 *   node --import tsx bench/experiments/search.ts ds-cnn samples=50000 [seed=0] [sampler=tpe] [parallel=8] [objective=weights,macs] [minAccuracy=0.9]
 */
import { type CompressOptions, compress } from '../../src/compress/index.ts';
import { objectiveOf, optionsIn, percent, TASKS } from './tasks.ts';

const { name, given } = optionsIn(process.argv);
const { objective, sampler = 'tpe', ...numbers } = given;
const { model, data, target, maxDrop } = await TASKS[name](Number(given.seed ?? 0));
const options: CompressOptions = {
  target,
  sampler,
  objective: objectiveOf(objective),
  ...('minAccuracy' in numbers ? {} : { maxDrop }),
  ...Object.fromEntries(Object.entries(numbers).map(([n, v]) => [n, Number(v)])),
};
const begun = process.cpuUsage();
const seconds = () => (process.cpuUsage(begun).user / 1e6).toFixed(0);
const study = compress(model, data, options);
let samples = 0;
let step = await study.next();
for (; !step.done; step = await study.next()) {
  const t = step.value;
  samples += t.samples;
  const kinds = t.stages.map((s) => s.stage[0]).join('');
  console.log(
    `#${t.number}${t.from === null ? '' : ` from #${t.from}`} ${kinds} ${t.samples.toFixed(0)} of ${samples.toFixed(0)}, ${seconds()} s: ` +
      `${t.failure ?? ''}${t.figures?.weightBytes} B ${t.figures?.macs} MACs ${percent(t.figures?.accuracy ?? 0)} % value ${t.objective?.toFixed(4)}${t.feasible ? ' ok' : ''}`,
  );
}
const { result, original, ptq, chosen, trials, reached, floor, before } = step.value;
const cost = (f: typeof result) => (f.weightBytes / ptq.weightBytes + f.macs / ptq.macs) / 2;
console.log(
  `${name} ${process.argv.slice(3).join(' ')}: trial ${chosen} of ${trials.length}, validation ${percent(before)} floor ${percent(floor)}; cost ${cost(result).toFixed(4)}; ` +
    `${result.weightBytes} B, ${result.macs} MACs; test ${percent(original.accuracy)} -> ${percent(result.accuracy)} ${reached ? 'reached' : 'missed'}; ${samples.toFixed(0)} samples, ${seconds()} s`,
);
