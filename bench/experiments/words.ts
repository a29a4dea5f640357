/**
 * Ten words said by espeak-ng (Debian: espeak-ng) in many voices, speeds and pitches, with noise, as a folder of WAV files: validation/ has voices that train/ has
 * not. FOLDER_fresh has voices that nothing was ever chosen by: words_fresh.ts looks at them once.
 *
 *     node --import tsx bench/experiments/words.ts FOLDER [clips of each word and voice, 8] [seed, 1] [parts, all]
 */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRandom, normal, type Random } from '../../src/random.ts';
import { wav } from '../../test/data/sources.ts';

const WORDS = ['down', 'go', 'left', 'no', 'off', 'on', 'right', 'stop', 'up', 'yes'];
/**
 * Speakers by the names of espeak-ng's files. Those of validation are like persons: without an echo, and no formant of the first five is moved below half or above
 * one and a half.
 */
const SPEAKERS = {
  train: (
    'm1 m2 m3 m4 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 Alex Annie Mario Mike adam antonio aunty belinda benjamin boris caleb croak david ed edward ' +
    'grandma grandpa gustave iven iven2 john linda marcelo max paul pedro quincy rob robert sandro shelby travis'
  ).split(' '),
  validation: ['m5', 'Gene', 'anika', 'm6', 'Michael', 'Andrea', 'zac', 'Gene2', 'Mr serious', 'Nguyen', 'Storm', 'norbert'],
  /**
   * Of espeak-ng 1.51 those that were in no set before, neither whisper nor are robots, have no echo and the first two formants, which make vowels, between half and one
   * and a half; the first of those that differ by tone or loudness alone.
   */
  fresh: ['Andy', 'Denis', 'Diogo', 'Jacky', 'Lee', 'steph', 'victor'],
};
/** Persons that are made up for train: a voice of espeak-ng with other formants, pitch and breath each; so many clips of a word by each. */
const MADE = { voices: 600, clips: 3 };
const ACCENTS = ['en-us', 'en-gb-scotland', 'en-us-nyc'];
/** More that train hears. */
const OTHER_ACCENTS = ['en-gb', 'en-gb-x-rp', 'en-029', 'en-gb-x-gbclan', 'en-gb-x-gbcwmd'];
const RATE = 22050;

/** A word as espeak-ng says it, -1..1, without the silence before it. */
async function said(word: string, voice: string, speed: number, pitch: number): Promise<Float32Array> {
  const given = [`--path=${VOICES}`, '-v', voice, '-s', `${speed}`, '-p', `${pitch}`, '--stdout', word];
  const { stdout: bytes } = await promisify(execFile)('espeak-ng', given, { encoding: 'buffer' });
  const samples = new Int16Array(Uint8Array.from(bytes.subarray(44)).buffer.slice(0, (bytes.length - 44) & ~1));
  const first = Math.max(
    0,
    samples.findIndex((v) => Math.abs(v) > 200),
  );
  const last = samples.findLastIndex((v) => Math.abs(v) > 200);
  return Float32Array.from(samples.subarray(first, last + 1), (v) => v / 32768);
}

/** So many times as fast, straight lines between samples. */
function played(x: Float32Array, times: number): Float32Array {
  return Float32Array.from({ length: Math.floor((x.length - 1) / times) }, (_, i) => {
    const at = Math.floor(i * times);
    return x[at] + (x[at + 1] - x[at]) * (i * times - at);
  });
}

/** A second of sound: the word somewhere in it, at some height, and noise 8 to 30 dB below it, white or with more of the low. */
function clip(word: Float32Array, random: Random): Int16Array {
  const out = new Float32Array(RATE);
  const n = Math.min(word.length, RATE);
  const at = random.below(RATE - n + 1);
  const power = word.subarray(0, n).reduce((sum, v) => sum + v * v, 0) / n;
  const height = (0.02 + (0.1 * random.below(1000)) / 1000) / Math.sqrt(power);
  const noise = Math.sqrt(power) * height * 10 ** (-(8 + random.below(23)) / 20);
  const low = random.below(2) ? 0.95 : 0;
  let state = 0;
  for (let i = 0; i < RATE; i++) {
    state = low * state + normal(random) * Math.sqrt(1 - low * low);
    out[i] = noise * state + (i >= at && i < at + n ? word[i - at] * height : 0);
  }
  return Int16Array.from(out, (v) => Math.max(-32768, Math.min(32767, Math.round(v * 32768))));
}

/**
 * A voice by the words of espeak-ng's files: pitch; for each formant its frequency, strength and width in percent; how loud consonants are; and how loud the frequencies
 * are (0 to 255), as microphones differ. Those from the third on lie as freely as in espeak-ng's files: of one voice in four some are far down.
 */
function madeVoice(random: Random): string {
  const between = (low: number, high: number) => low + random.below(high - low + 1);
  const head = between(80, 130);
  const pitch = between(65, 260);
  const isOdd = random.below(4) === 0;
  const formants = Array.from({ length: 9 }, (_, f) => {
    const isDown = isOdd && f > 2 && random.below(3) === 0;
    const frequency = isDown ? between(0, 70) : Math.round((head * between(90, 110)) / 100);
    return `formant ${f} ${frequency} ${between(40, 150)} ${between(50, 170)}`;
  });
  const tone = `tone ${[120, 600, 1500, 3000, 5000].map((hz) => `${hz} ${between(20, 255)}`).join(' ')}`;
  const lines = [`pitch ${pitch} ${Math.round((pitch * between(115, 160)) / 100)}`, ...formants, `voicing ${between(30, 160)}`];
  return [
    'language variant',
    ...lines,
    `consonants ${between(30, 130)} ${between(20, 130)}`,
    ...(random.below(2) ? [tone] : []),
    ...(random.below(5) ? [] : ['breath 0 3 4 4 4 4 2 4', 'breathw 150 150 200 200 400 400']),
    `roughness ${between(0, 4)}`,
    `flutter ${between(0, 6)}`,
    '',
  ].join('\n');
}

/** espeak-ng's own data with the made voices beside its own. */
const VOICES = mkdtempSync(join(tmpdir(), 'voices-'));
process.on('exit', () => rmSync(VOICES, { recursive: true }));
const [, own] = /Data at: (.+)/.exec(execFileSync('espeak-ng', ['--version'], { encoding: 'utf8' }))!;
cpSync(own.trim(), join(VOICES, 'espeak-ng-data'), { recursive: true });

const [folder, each = '8', seed = '1', parts = [...Object.keys(SPEAKERS), 'made'].join()] = process.argv.slice(2);
if (!folder) throw new Error('give a folder to write to');

async function write(place: string, part: string, voices: readonly string[], clips: number, random: Random): Promise<void> {
  const learns = part === 'train' || part === 'made';
  const accents = learns ? [...ACCENTS, ...OTHER_ACCENTS] : ACCENTS;
  for (const word of WORDS) {
    mkdirSync(join(place, word), { recursive: true });
    for (const voice of voices) {
      const spoken = Array.from({ length: clips }, () => {
        // as if heads were smaller or larger: played faster or slower, said slower or faster
        const size = learns ? 0.75 + random.below(70) / 100 : 1;
        const speed = Math.max(80, Math.round((110 + random.below(110)) / size));
        const accent = accents[random.below(accents.length)];
        return said(word, `${accent}+${voice}`, speed, 25 + random.below(50)).then((x) => played(x, size));
      });
      for (const [k, sound] of (await Promise.all(spoken)).entries())
        writeFileSync(join(place, word, `${voice.replace(' ', '')}_nohash_${k}.wav`), wav(clip(sound, random), RATE));
    }
  }
}

const made = Array.from({ length: MADE.voices }, (_, i) => `made${i}`);
for (const part of parts.split(',')) {
  const random = createRandom(Number(seed), `words/${part}`);
  const place = part === 'fresh' ? `${folder}_fresh` : join(folder, part === 'made' ? 'train' : part);
  if (part === 'made')
    for (const name of made)
      writeFileSync(join(VOICES, 'espeak-ng-data', 'voices', '!v', name), `name ${name}\n${madeVoice(random)}`);
  const voices = part === 'made' ? made : SPEAKERS[part as keyof typeof SPEAKERS];
  await write(place, part, voices, part === 'made' ? MADE.clips : Number(each), random);
}
