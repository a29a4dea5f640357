export const DONE = 0;
/** Done, but the goal was not reached. */
export const MISSED = 1;
export const BAD_INPUT = 2;
export const INTERRUPTED = 130;

export const EXIT_CODES_TEXT =
  '0 done; 1 done, but the goal was not reached (compress, evaluate), nothing fits the chip (profile), a threshold was exceeded (compare), a golden case did not pass (conform), or the C differs (verify); 2 wrong input or an output that cannot be written; 130 interrupted';
