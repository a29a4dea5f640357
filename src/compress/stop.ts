/** What a race for the next ended trial tells when the clock won it. */
export const STOP = -1;

/** Tells `STOP` after `ms`. */
export function alarm(ms: number): { done: Promise<number>; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout>;
  const done = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(STOP), Math.max(0, ms));
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
