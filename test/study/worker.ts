// Runs a study to its end, several trials at once; the test kills it on the way. Arguments: file, trials, number of trials at once.
import { RandomSampler } from '../../src/search/index.ts';
import { FileStorage } from '../../src/study/file.ts';
import { openStudy } from '../../src/study/index.ts';
import { space } from './space.ts';

const [path, trials, workers] = process.argv.slice(2);
const study = await openStudy({
  storage: new FileStorage(path),
  name: 'main',
  resume: true,
  seed: 3,
  lag: 4,
  sampler: new RandomSampler(),
});
await study.enqueue({ x: 0.5, kind: 'b' });
const open = () => study.trials.filter((t) => t.state === 'running' || t.state === 'waiting').length;
let left = Number(trials) - study.records.length + open();

async function worker(): Promise<void> {
  while (left > 0) {
    left--;
    const trial = await study.ask(space);
    if (!trial) {
      left++;
      await new Promise((done) => setTimeout(done, 1));
      continue;
    }
    const { number, point: value, report } = trial;
    console.log(number);
    await new Promise((done) => setTimeout(done, (number * 7) % 11));
    await report(value + 1, 1);
    await study.tell(number, value, { constraints: [value - 2], userAttrs: { flashBytes: 1000 + number } });
  }
}
await Promise.all(Array.from({ length: Number(workers) }, worker));
