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
    what: string,
    readonly fix: string,
  ) {
    super(`${what}\n  fix: ${fix}`);
  }
}
