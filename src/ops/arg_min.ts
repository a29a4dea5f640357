import { type Arg, argCells } from './arg_cells.ts';
import { defineOp } from './op.ts';

/** Place of the smallest along an axis, the first of equals. */
export const argMin = defineOp<Arg>(argCells(79, false));
