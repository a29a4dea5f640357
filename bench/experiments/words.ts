/**
 * Ten words said by espeak-ng (Debian: espeak-ng) in many voices, speeds and pitches, with noise, as a folder of WAV files: validation/ has voices that train/ has
 * not. FOLDER_fresh has voices that nothing was ever chosen by: words_fresh.ts looks at them once.
 *
 *     node --import tsx bench/experiments/words.ts FOLDER [clips of each word and voice, 8] [seed, 1] [parts, all]
 */
import { join } from 'node:path';
import { randomOf, Speakers } from './spoken.ts';
import { SPEAKERS } from './words_sets.ts';

/** Voices that are made up for train, so many clips of a word by each. */
const MADE = { voices: 600, clips: 3 };

const [folder, each = '8', seed = '1', parts = [...Object.keys(SPEAKERS), 'made'].join()] = process.argv.slice(2);
if (!folder) throw new Error('give a folder to write to');

const speakers = await Speakers.open();
for (const part of parts.split(',')) {
  const random = randomOf(Number(seed), part);
  const place = part === 'fresh' ? `${folder}_fresh` : join(folder, part === 'made' ? 'train' : part);
  const voices = part === 'made' ? speakers.make(MADE.voices, random) : SPEAKERS[part as keyof typeof SPEAKERS];
  const learns = part === 'train' || part === 'made';
  await speakers.write(place, voices, part === 'made' ? MADE.clips : Number(each), random, learns);
}
speakers.close();
