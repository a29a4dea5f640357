import type { FittedFrontEnds } from './front_end.ts';
export const FRONT_ENDS: Readonly<Record<string, FittedFrontEnds>> = {};
