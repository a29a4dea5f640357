/** What kind of problem it is; scripts may branch on it, people read the message. */
export type Code =
  | 'bad-file' // missing, unreadable, truncated or of another format
  | 'unsupported' // a well-formed input that asks for what Thumbnet does not do
  | 'shape-mismatch'
  | 'bad-data' // labels out of range, NaN, empty
  | 'bad-option' // a flag, a recipe or an API option
  | 'unknown-target'
  | 'does-not-fit' // flash, RAM or latency above what the target has
  | 'goal-not-reached'
  | 'not-ready' // a stage needs an earlier stage's result
  | 'exists' // an output that would be overwritten
  | 'cannot-write'
  | 'interrupted';

/** A problem the caller can solve: `message` says what is wrong, `fix` says what to do next. */
export class CompressError extends Error {
  override name = 'CompressError';
  constructor(
    readonly code: Code,
    readonly what: string,
    readonly fix: string,
  ) {
    super(`${what}\n  fix: ${fix}`);
  }
}

/** A `CompressError` as plain data, which another thread can be sent. */
export type PlainError = Pick<CompressError, 'code' | 'what' | 'fix'>;

export const toPlainError = ({ code, what, fix }: CompressError): PlainError => ({ code, what, fix });
export const fromPlainError = ({ code, what, fix }: PlainError): CompressError => new CompressError(code, what, fix);

/** The stack of what is no such error: a defect of our own. */
export const defectText = (e: unknown): string => (e instanceof Error ? (e.stack ?? e.message) : String(e));

/** The names closest to a wanted one, for the fix of an error: by edits, those that contain it or that it contains first. */
export function nearestNames(wanted: string, names: readonly string[], count = 3): string[] {
  const within = (name: string) => name.includes(wanted) || wanted.includes(name);
  const scored = names.map((name) => ({
    name,
    far: editDistance(wanted, name) - (within(name) ? wanted.length + name.length : 0),
  }));
  return scored
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map((s) => s.name);
}

/**
 * Refuses names that no option has: a misspelt one would be left out without a word.
 *
 * @param where whose options they are
 * @throws CompressError `bad-option` with the nearest name
 */
export function checkOptionNames(options: object, known: readonly string[], where: string): void {
  const unknown = Object.entries(options).find(([name, value]) => value !== undefined && !known.includes(name));
  if (!unknown) return;
  const [name] = unknown;
  const fix = known.length ? `did you mean "${nearestNames(name, known, 1)[0]}"?` : 'leave it out: there are none';
  throw new CompressError('bad-option', `${where}: there is no option "${name}"`, fix);
}

/** Levenshtein distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
