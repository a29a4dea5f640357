import type { TrialStore } from '../search/store.ts';
import { decodeLines, encode, type Journal, type Op, type Position, START } from './journal.ts';
import { openJournal } from './journal_store.ts';
import type { Storage, StudyHead } from './storage.ts';

/** A journal in memory, for browsers and tests. */
export class MemoryStorage implements Storage, Journal {
  readonly place = 'the journal';
  #text: string;

  /** @param text a journal to continue from; an unfinished last line is dropped */
  constructor(text = '') {
    this.#text = text.slice(0, text.lastIndexOf('\n') + 1);
  }

  /** The whole journal, as a file would hold it. */
  get text(): string {
    return this.#text;
  }

  open(name: string, head: StudyHead, resume: boolean): Promise<TrialStore> {
    return openJournal(this, name, head, resume);
  }

  async append(ops: readonly Op[], at?: Position): Promise<boolean> {
    if (at && at.offset !== this.#text.length) return false;
    this.#text += ops.map(encode).join('');
    return true;
  }

  async read(from: Position = START): Promise<{ ops: Op[]; end: Position }> {
    const ops = decodeLines(this.#text.slice(from.offset), from.lines, this.place);
    return { ops, end: { offset: this.#text.length, lines: from.lines + ops.length } };
  }
}
