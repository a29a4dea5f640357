import { sizeOf } from '../graph/graph.ts';
import type { Shape } from './dims.ts';
import type { Work } from './op.ts';

/** The `work` cells that several rows share. */

/** `steps` operations for each element of the output, and none that count as multiply-accumulates. */
export const perOutput =
  (steps: number) =>
  (_: readonly (Shape | null)[], [y]: readonly Shape[]): Work => ({ macs: 0, steps: steps * sizeOf(y) });

/** So many multiply-accumulates, each one step. */
export const products = (macs: number): Work => ({ macs, steps: macs });
