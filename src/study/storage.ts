import { CompressError } from '../errors.ts';
import { decode, encode, type Op } from './journal.ts';

/** Where a journal is kept. */
export interface Storage {
  /** Appends operations in order; they survive the end of the process once this returns. */
  append(ops: readonly Op[]): void;
  /** A reader from the journal's begin: each call gives the operations that anybody has appended since its last. */
  reader(): () => Op[];
}

/** A journal in memory, for browsers and tests. Its reader throws CompressError `bad-file` for a line that is no operation. */
export class MemoryStorage implements Storage {
  #text: string;

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

  reader(): () => Op[] {
    let [offset, lines] = [0, 0];
    return () => {
      const ops = decodeLines(this.#text.slice(offset), lines, 'the journal');
      offset = this.#text.length;
      lines += ops.length;
      return ops;
    };
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
        before + i === 0
          ? 'give a study file, or start a new one elsewhere'
          : `what stands before is sound: keep a copy, remove line ${before + i + 1} and all after it, then resume`,
      );
    }
  });
}
