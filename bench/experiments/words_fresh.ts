/**
 * What a model of words answers to voices that nothing was chosen by (FOLDER_fresh of words.ts), into README.md.
 *
 *     node --import tsx bench/experiments/words_fresh.ts MODEL FOLDER_fresh
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { frontEndIn, loadDataset } from '../../src/data/index.ts';
import { evaluate, loadModel } from '../../src/engine.ts';
import { writeSection } from './sections.ts';

const [file, folder] = process.argv.slice(2);
const model = await loadModel(Uint8Array.from(readFileSync(file)));
const { facts, normalization } = frontEndIn(model.graph)!;
const { samples: window, rate } = facts;
const data = await loadDataset(folder, { whole: true, features: facts, window, rate: rate!, model, ...normalization });
const { correct, examples, perClass } = await evaluate(model, data, 'test');
const share = (v: number | null) => (v === null ? '-' : `${(100 * v).toFixed(1)} %`);
const names = data.classNames!;
const voices = new Set(
  readdirSync(join(folder, names[0]))
    .sort()
    .map((file) => file.split('_nohash_')[0]),
);
writeSection(
  'words_fresh',
  `${voices.size} voices that were in no set before (${[...voices].join(', ')}), ${examples} clips: ${correct} right, ${share(correct! / examples)} (${names.map((name, c) => `${name} ${share(perClass[c])}`).join(', ')}).`,
);
