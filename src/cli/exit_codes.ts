export const DONE = 0;
/** Done, but the goal was not reached. */
export const MISSED = 1;
export const BAD_INPUT = 2;
export const INTERRUPTED = 130;
