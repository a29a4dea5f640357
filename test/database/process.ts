// Works on a study as one of several processes, until it has so many trials. Arguments: URL, trials, how long it is believed to live, in ms. Prints the number of each trial it begins.
import { openStudy } from '../../src/study/index.ts';
import { PostgresStorage } from '../../src/study/postgres/storage.ts';
import { space } from '../study/space.ts';

const [url, trials, believed = '1500'] = process.argv.slice(2);
const waits = { later: 60_000, beat: 300, believed: Number(believed), look: 300 };
const storage = new PostgresStorage(url, { host: 'test', process: process.pid, threads: 1 }, waits);
const study = await openStudy({ storage, name: 'main', resume: true, seed: 3, lag: 4 });
await study.enqueue({ x: 0.5, kind: 'b' });
for (;;) {
  await study.refresh();
  if (study.next >= Number(trials)) {
    if (!study.trials.some((t) => t.state === 'running')) break;
    await study.changed();
    continue;
  }
  const trial = await study.ask(space, (n) => n < Number(trials));
  if (!trial) {
    await study.changed();
    continue;
  }
  const { number, point: value, report } = trial;
  console.log(number);
  await new Promise((done) => setTimeout(done, 100 + ((number * 7) % 11) * 20));
  await report(value + 1, 1);
  await study.tell(number, value, { constraints: [value - 2], userAttrs: { flashBytes: 1000 + number } });
}
await study.close();
await storage.close();
