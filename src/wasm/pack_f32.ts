import type { Step } from './heap.ts';

/** A step that runs on weights in a kernel's own order: packed once, now, where they never change, else at each call. */
export function packedFirst(constant: boolean | undefined, pack: Step, run: Step): Step {
  if (constant) {
    pack();
    return run;
  }
  return () => {
    pack();
    run();
  };
}
