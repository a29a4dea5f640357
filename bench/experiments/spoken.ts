/** Words said by espeak-ng (Debian: libespeak-ng1, espeak-ng-data) in its own and in made voices, as clips of a second with noise. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, normal, type Random } from '../../src/random.ts';
import { wav } from '../../test/data/sources.ts';
import { type Peer, startPython } from '../python.ts';

const WORDS = ['down', 'go', 'left', 'no', 'off', 'on', 'right', 'stop', 'up', 'yes'];
const ACCENTS = ['en-us', 'en-gb-scotland', 'en-us-nyc'];
/** More that training hears. */
const OTHER_ACCENTS = ['en', 'en-gb-x-rp', 'en-029', 'en-gb-x-gbclan', 'en-gb-x-gbcwmd'];
const RATE = 22050;

/** [voice, words a minute, pitch 0..99, text] */
type Request = readonly [string, number, number, string];

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

/** espeak-ng with its own voices and those that are made. */
export class Speakers {
  private constructor(
    private readonly folder: string,
    private readonly espeak: Peer<number, string[]>,
  ) {}

  static async open(): Promise<Speakers> {
    const folder = mkdtempSync(join(tmpdir(), 'voices-'));
    const [, own] = /Data at: (.+)/.exec(execFileSync('espeak-ng', ['--version'], { encoding: 'utf8' }))!;
    cpSync(own.trim(), join(folder, 'espeak-ng-data'), { recursive: true });
    return new Speakers(folder, await startPython('espeak.py', [folder], 'espeak-ng python3'));
  }

  close(): void {
    this.espeak.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** Where espeak-ng has the files of voices. */
  get voices(): string {
    return join(this.folder, 'espeak-ng-data', 'voices', '!v');
  }

  /** Persons that are made up: a voice with other formants, pitch and breath each. */
  make(count: number, random: Random): readonly string[] {
    const names = Array.from({ length: count }, (_, i) => `made${i}`);
    for (const name of names) writeFileSync(join(this.voices, name), `name ${name}\n${madeVoice(random)}`);
    return names;
  }

  /**
   * So many clips of each word by each voice, as PLACE/WORD/VOICE_nohash_K.wav.
   *
   * @param learns for training: more accents, and heads smaller and larger, as if the clip were played faster or slower
   */
  async write(place: string, voices: readonly string[], clips: number, random: Random, learns: boolean): Promise<void> {
    const accents = learns ? [...ACCENTS, ...OTHER_ACCENTS] : ACCENTS;
    for (const word of WORDS) {
      mkdirSync(join(place, word), { recursive: true });
      for (const voice of voices) {
        const asked = Array.from({ length: clips }, () => {
          const size = learns ? 0.75 + random.below(70) / 100 : 1;
          const speed = Math.max(80, Math.round((110 + random.below(110)) / size));
          const accent = accents[random.below(accents.length)];
          return { size, request: [`${accent}+${voice}`, speed, 25 + random.below(50), word] as Request };
        });
        const said = await this.say(asked.map(({ request }) => request));
        for (const [k, sound] of said.entries())
          writeFileSync(
            join(place, word, `${voice.replace(' ', '')}_nohash_${k}.wav`),
            wav(clip(played(sound, asked[k].size), random), RATE),
          );
      }
    }
  }

  /** Words as espeak-ng says them, -1..1, without the silence around them. */
  private async say(requests: readonly Request[]): Promise<Float32Array[]> {
    return (await this.espeak.ask(requests)).map((base64) => {
      const samples = new Int16Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
      const first = Math.max(
        0,
        samples.findIndex((v) => Math.abs(v) > 200),
      );
      const last = samples.findLastIndex((v) => Math.abs(v) > 200);
      return Float32Array.from(samples.subarray(first, last + 1), (v) => v / 32768);
    });
  }
}

/** The generator of a part of a set. */
export const randomOf = (seed: number, part: string): Random => createRandom(seed, `words/${part}`);
