import { type Arg, argCells } from './arg_cells.ts';
import { defineOp } from './op.ts';

/** Place of the largest along an axis, the first of equals. */
export const argMax = defineOp<Arg>(argCells(56, true));
