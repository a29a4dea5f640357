// Asks a sampler a number of times, and tells it the results: what bench/costs.ts measures. The library is that of the commit measured.
//   node asks.mjs DIST tpe|evolution ASKS
import { pathToFileURL } from 'node:url';

const [dist, name, asks] = process.argv.slice(2);
const search = await import(pathToFileURL(`${dist}/search/index.js`).href);
const sampler = name === 'tpe' ? new search.TpeSampler() : new search.EvolutionSampler();
const study = new search.Study({ sampler });
const space = (trial) => Array.from({ length: 8 }, (_, d) => trial.suggestFloat(`p${d}`, 0, 1));
const loss = (point) => point.reduce((sum, v, d) => sum + (v - d / 8) ** 2, 0);
// In later commits `ask` takes the space, and returns a promise.
const later = 'MemoryStore' in search;
for (let i = 0; i < Number(asks); i++) {
  if (later) {
    const trial = await study.ask(space);
    await study.tell(trial, loss(trial.point));
  } else {
    const trial = study.ask();
    study.tell(trial, loss(space(trial)));
  }
}
