import type { Choice } from './distribution.ts';
import { type Json, newRecord, type Parameter, sameFixed, type TrialRecord } from './record.ts';

/** How a trial ended. */
export interface Ending {
  readonly state: 'complete' | 'pruned' | 'failed';
  readonly values: readonly number[] | null;
  readonly constraints: readonly number[];
  readonly userAttrs: Readonly<Record<string, Json>>;
}

/**
 * The trials of one study where they are kept: in memory, in a file, or in a database that several processes share. What a promise resolves to is
 * kept when it resolves. Several calls may be under way at once.
 */
export interface TrialStore {
  /** All trials by number, as last read or written; the store alone writes them. */
  readonly records: readonly TrialRecord[];
  /** Reads what other processes have written. */
  refresh(): Promise<void>;
  /** Until another process may have changed something, or has ended without a word; null where no other process can work on the trials. */
  changed(): Promise<void> | null;
  /** Whether no process works on a trial that is marked as running: the one that began it has ended, or cannot be reached. */
  isLeft(number: number): boolean;
  /** Adds a waiting trial, unless one with the same values was ever added. */
  enqueue(fixed: Readonly<Record<string, Choice>>): Promise<void>;
  /**
   * Hands a trial to this process and keeps the parameters that it will use: both, or neither.
   *
   * @param number of a waiting trial, of one that was left, or the first that there is not yet
   * @returns false where another process was faster: the trial must be chosen anew
   */
  begin(number: number, params: ReadonlyMap<string, Parameter>): Promise<boolean>;
  /** A trial that this process runs comes on. One that does not for long is left: its process may live, and its work hang. */
  alive(number: number): void;
  /** Keeps an intermediate value of a running trial. */
  report(number: number, step: number, value: number): Promise<void>;
  /** @returns false where another process ended the trial before; that result is kept */
  end(number: number, ending: Ending): Promise<boolean>;
  /** Releases what the store holds. */
  close(): Promise<void>;
}

/** Trials that last as long as this process, which alone works on them. */
export class MemoryStore implements TrialStore {
  readonly #records: TrialRecord[];

  /** @param records trials to continue from */
  constructor(records: readonly TrialRecord[] = []) {
    this.#records = [...records];
  }

  get records(): readonly TrialRecord[] {
    return this.#records;
  }

  async refresh(): Promise<void> {}

  changed(): null {
    return null;
  }

  isLeft(): boolean {
    return true;
  }

  alive(): void {}

  async enqueue(fixed: Readonly<Record<string, Choice>>): Promise<void> {
    if (isQueued(this.#records, fixed)) return;
    this.#records.push(newRecord(this.#records.length, 'waiting', { ...fixed }));
  }

  async begin(number: number, params: ReadonlyMap<string, Parameter>): Promise<boolean> {
    if (number === this.#records.length) this.#records.push(newRecord(number, 'running'));
    const record = this.#records[number];
    record.state = 'running';
    for (const [name, parameter] of params) record.params.set(name, parameter);
    return true;
  }

  async report(number: number, step: number, value: number): Promise<void> {
    this.#records[number].reports.set(step, value);
  }

  async end(number: number, { userAttrs, ...ending }: Ending): Promise<boolean> {
    const record = Object.assign(this.#records[number], ending);
    for (const [key, value] of Object.entries(userAttrs)) record.userAttrs.set(key, value);
    return true;
  }

  async close(): Promise<void> {}
}

/** Whether a trial with these values was enqueued before. */
export const isQueued = (records: readonly TrialRecord[], fixed: Readonly<Record<string, Choice>>): boolean =>
  records.some((t) => t.fixed && sameFixed(t.fixed, fixed));
