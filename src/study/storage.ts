import { CompressError } from '../errors.ts';
import { decode, encode, type Op } from './journal.ts';

/** Where a journal is kept. */
export interface Storage {
  /** Appends operations in order; they survive the end of the process once this returns. */
  append(ops: readonly Op[]): void;
  /** The operations that anybody has appended since the last call. */
  read(): Op[];
}

/** A journal in memory, for browsers and tests. */
export class MemoryStorage implements Storage {
  #text: string;
  #read = 0;
  #lines = 0;

  /** @param text a journal to go on from; an unfinished last line is dropped */
  constructor(text = '') {
    this.#text = text.slice(0, text.lastIndexOf('\n') + 1);
  }

  /** The whole journal, as it would stand in a file. */
  get text(): string {
    return this.#text;
  }

  append(ops: readonly Op[]): void {
    this.#text += ops.map(encode).join('');
  }

  read(): Op[] {
    const ops = decodeLines(this.#text.slice(this.#read), this.#lines, 'the journal');
    this.#read = this.#text.length;
    this.#lines += ops.length;
    return ops;
  }
}

/** @param before lines read earlier, for the line number in a message */
export function decodeLines(text: string, before: number, where: string): Op[] {
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line, i) => {
    try {
      return decode(line);
    } catch {
      throw new CompressError(
        'bad-file',
        `line ${before + i + 1} of ${where} is not an operation of an Optuna journal`,
        'give a study file, or start a new one elsewhere',
      );
    }
  });
}
