import { CompressError } from '../errors.ts';
import type { Direction, Json } from '../search/record.ts';
import type { TrialStore } from '../search/store.ts';

/** What a study is begun with; it stays for good. */
export interface StudyHead {
  readonly directions: readonly Direction[];
  /** All that the trials depend on; `version` is that of their choice. */
  readonly settings: Readonly<Record<string, Json>>;
  /** Names of the objectives, for Optuna's displays. */
  readonly metricNames: readonly string[];
}

/** Where studies are kept, each under its name. */
export interface Storage {
  /**
   * Opens the study of this name, or begins it where there is none.
   *
   * @throws CompressError as `checkFound` for a study that is there
   */
  open(name: string, head: StudyHead, resume: boolean): Promise<TrialStore>;
}

/** The user attribute of a study that holds its settings. */
export const SETTINGS = 'thumbnet:settings';
/** The system attribute of a study that holds names of its objectives. */
export const METRIC_NAMES = 'study:metric_names';

export interface FoundStudy {
  readonly name: string;
  readonly directions: readonly Direction[];
  /** Undefined where another program began it. */
  readonly settings: Json | undefined;
  readonly trials: number;
}

/** @throws CompressError `exists` without `resume`, `bad-option` where the study was begun with something else */
export function checkFound(found: FoundStudy, head: StudyHead, resume: boolean): void {
  if (!resume) {
    throw new CompressError(
      'exists',
      `the study "${found.name}" already exists with ${found.trials} trials`,
      'resume it, or give the new one another name or place',
    );
  }
  const { version } = (found.settings ?? head.settings) as Record<string, Json>;
  if (version !== head.settings.version) {
    throw new CompressError(
      'bad-option',
      `the study was begun by another version of Thumbnet (its studies have version ${version ?? 1}, here they have ${head.settings.version})`,
      'continue with that version, or begin a new study in another place',
    );
  }
  const before = { ...(found.settings as Record<string, Json> | undefined), directions: found.directions };
  const now = { ...(found.settings === undefined ? {} : head.settings), directions: head.directions };
  checkSame(before, now);
}

const DIGEST = /^"[0-9a-f]{64}"$/;

/** Not too long for a message. */
const shown = (text: string): string => (text.length > 80 && !DIGEST.test(text) ? `${text.slice(0, 77)}...` : text);

function checkSame(before: Readonly<Record<string, Json>>, now: Readonly<Record<string, Json>>): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [a, b] = [before[key], now[key]].map((v) => JSON.stringify(v) as string | undefined);
    if (a === b) continue;
    const begun = a === undefined ? `without ${key}` : `with ${key} ${shown(a)}`;
    const given =
      b === undefined ? 'and is now given none' : a === undefined ? `and is now given ${shown(b)}` : `not ${shown(b)}`;
    throw new CompressError(
      'bad-option',
      DIGEST.test(a ?? '')
        ? `the study was begun with ${key === 'data' ? 'other data' : `another ${key}`}`
        : `the study was begun ${begun}, ${given}`,
      'resume it with what it was begun with, or begin a new study in another place',
    );
  }
}
