import * as v from 'valibot';
import { CompressError, nearestNames } from '../errors.ts';

/**
 * Things of one kind by the names that options and recipes give them. A caller adds its own before it uses their names; every thread and
 * every process that replays a recipe adds the same ones (`--plugin` does that).
 */
export class Registry<T> {
  readonly #what: string;
  readonly #things: Map<string, T>;

  /** @param what how messages call one of them */
  constructor(what: string, own: Readonly<Record<string, T>>) {
    this.#what = what;
    this.#things = new Map(Object.entries(own));
  }

  get names(): string[] {
    return [...this.#things.keys()];
  }

  has(name: string): boolean {
    return this.#things.has(name);
  }

  /** @throws CompressError `bad-option` where there is none of this name */
  get(name: string): T {
    const found = this.#things.get(name);
    if (found !== undefined) return found;
    const nearest = nearestNames(name, this.names, 1)[0];
    throw new CompressError(
      'bad-option',
      `there is no ${this.#what} "${name}"`,
      `did you mean "${nearest}"? There are ${this.names.join(', ')}`,
    );
  }

  /** @throws CompressError `bad-option` where the name is taken by another one */
  add(name: string, thing: T): void {
    if (this.#things.has(name) && this.#things.get(name) !== thing) {
      throw new CompressError('bad-option', `there is a ${this.#what} "${name}" already`, 'choose another name');
    }
    this.#things.set(name, thing);
  }
}

/** A name of a registry, looked up when a value is checked. */
export const named = <T>(registry: Registry<T>) => v.lazy(() => v.picklist(registry.names));
