/** Voices of espeak-ng by the set of words.ts that they are in. */

/**
 * Speakers by the names of espeak-ng's files. Those of validation are like persons: without an echo, and no formant of the first five is moved below half or above
 * one and a half.
 */
export const SPEAKERS = {
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
