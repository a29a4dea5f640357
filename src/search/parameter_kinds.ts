import { CompressError } from '../errors.ts';
import { compatible, type Distribution } from './distribution.ts';

/** What each name of a study's parameters stands for, from its first distribution on. */
export class ParameterKinds {
  readonly #first = new Map<string, Distribution>();

  /** @throws CompressError `bad-option` for another kind, scale or choices than before */
  check(name: string, distribution: Distribution): void {
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
