import { CompressError } from '../errors.ts';
import { compatible, type Distribution } from './distribution.ts';
import type { TrialRecord } from './record.ts';

/** The kind of each parameter of a study, set by its first distribution. */
export class ParameterKinds {
  readonly #first = new Map<string, Distribution>();
  #read = 0;

  /**
   * @param records trials so far; those that were not there at the last call are read now
   * @throws CompressError `bad-option` for another kind, scale or choices than before
   */
  check(name: string, distribution: Distribution, records: readonly TrialRecord[]): void {
    for (; this.#read < records.length; this.#read++) {
      for (const [known, p] of records[this.#read].params) if (!this.#first.has(known)) this.#first.set(known, p.distribution);
    }
    const first = this.#first.get(name);
    if (!first) this.#first.set(name, distribution);
    else if (!compatible(first, distribution)) {
      throw new CompressError(
        'bad-option',
        `parameter "${name}" was ${show(first)} before and is ${show(distribution)} now`,
        'keep kind, scale and choices of a name through the study; only bounds and step may change',
      );
    }
  }
}

const show = (d: Distribution): string =>
  d.kind === 'categorical' ? JSON.stringify(d.choices) : `${d.log ? 'log ' : ''}${d.kind}`;
