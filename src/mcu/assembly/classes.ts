/** Executed instructions by what cores take for them; all others are `instructions` less these. */
export interface Classes {
  /** Loads and stores of one register, and of vectors. */
  readonly loads: number;
  /** Words that an instruction for many moves (LDM, LDRD, PUSH ..). */
  readonly words: number;
  readonly multiplies: number;
  /** Branches that are taken. */
  readonly branches: number;
}

export const NO_CLASSES: Classes = { loads: 0, words: 0, multiplies: 0, branches: 0 };

export const plusClasses = (a: Classes, b: Classes, times: number): Classes => ({
  loads: a.loads + times * b.loads,
  words: a.words + times * b.words,
  multiplies: a.multiplies + times * b.multiplies,
  branches: a.branches + times * b.branches,
});
