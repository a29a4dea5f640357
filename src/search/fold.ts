import type { TrialRecord } from './record.ts';
import type { View } from './sampler.ts';

/**
 * Something built from the finished trials, one after another in order of number. The result of the last call is extended, so
 * that each is added once; only where one came in between is all built anew.
 */
export class Fold<S> {
  readonly #start: (view: View) => S;
  readonly #add: (state: S, trial: TrialRecord, view: View) => S;
  #state: S | undefined;
  #count = 0;
  #last: TrialRecord | undefined;

  constructor(start: (view: View) => S, add: (state: S, trial: TrialRecord, view: View) => S) {
    this.#start = start;
    this.#add = add;
  }

  of(view: View): S {
    const { finished } = view;
    // Finished trials stay, so that the same one in the same place has the same ones before it.
    if (this.#count === 0 || finished[this.#count - 1] !== this.#last) {
      this.#state = this.#start(view);
      this.#count = 0;
    }
    for (; this.#count < finished.length; this.#count++) {
      this.#state = this.#add(this.#state as S, finished[this.#count], view);
    }
    this.#last = finished.at(-1);
    return this.#state as S;
  }
}
