import type { Classes } from '../assembly/classes.ts';

export interface Walk {
  /** Executed instructions of assembly, and what is added where data takes the longer way. */
  readonly assembly: number;
  readonly worst: number;
  /** Of the assembly. */
  readonly classes: Classes;
  /** By part of the C: how often it runs; and how often at most. */
  readonly parts: ReadonlyMap<string, Runs>;
}

export interface Runs {
  readonly usual: number;
  readonly most: number;
  /** Words of its text. */
  readonly words: number;
}

export function addRuns(to: Map<string, Runs>, key: string, runs: Runs): void {
  const before = to.get(key);
  to.set(key, before ? { ...runs, usual: before.usual + runs.usual, most: before.most + runs.most } : runs);
}
