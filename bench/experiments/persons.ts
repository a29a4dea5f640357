/** Which of espeak-ng's voices are like persons, by their files alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A person: voices whose formants lie at the same frequencies, by the names of their files. */
export type Person = readonly string[];

/** The settings of a voice's file: what follows each word, of formants each number's. */
function settingsOf(file: string): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(file, 'latin1')
    .split('\n')
    .map((line) =>
      line
        .replace(/(\/\/|#).*/, '')
        .trim()
        .split(/\s+/),
    );
  return new Map(lines.map(([word, ...rest]) => (word === 'formant' ? [`formant ${rest[0]}`, rest.slice(1)] : [word, rest])));
}

/**
 * Voices that are like persons: neither whisper nor robot by name, no echo, no test of speed, and the first two formants, which make vowels, between half and one and a
 * half. Of voices that differ in less than pitch, formants' frequencies and synthesizer the first by name.
 *
 * @param folder with espeak-ng's files of voices
 */
export function personsIn(folder: string): readonly Person[] {
  const persons = new Map<string, Map<string, string>>();
  for (const name of readdirSync(folder).sort()) {
    const settings = settingsOf(join(folder, name));
    const formants = Array.from({ length: 9 }, (_, f) => Number(settings.get(`formant ${f}`)?.[0] ?? 100));
    const echo = settings.get('echo')?.map(Number) ?? [0];
    const isPerson =
      !/whisper|robo/i.test(name) &&
      !echo.some((v) => v > 0) &&
      !settings.has('fast_test2') &&
      [1, 2].every((f) => formants[f] >= 50 && formants[f] <= 150);
    if (!isPerson) continue;
    const voices = persons.get(formants.join()) ?? new Map<string, string>();
    const tone = [settings.get('pitch') ?? ['82', '118'], settings.get('klatt') ?? []].join();
    if (!voices.has(tone)) voices.set(tone, name);
    persons.set(formants.join(), voices);
  }
  return [...persons.values()].map((voices) => [...voices.values()]);
}
