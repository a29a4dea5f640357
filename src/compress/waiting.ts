/** What ends the waiting for a trial before it ends itself. */

/** Resolves to `value` after `ms`. */
export function alarm<T>(ms: number, value: T): { done: Promise<T>; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout>;
  const done = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(value), Math.max(0, ms));
  });
  return { done, cancel: () => clearTimeout(timer) };
}

/** Rejects when the signal aborts; else never settles. */
export function abortion(signal: AbortSignal | undefined): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    else signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  promise.catch(() => {});
  return promise;
}
