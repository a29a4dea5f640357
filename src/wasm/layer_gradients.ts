import type { HeapTensor } from './heap.ts';

/** Gradients that a layer with weights fills, each null where it is not needed. */
export interface LayerGradients {
  readonly dx: HeapTensor | null;
  readonly dw: HeapTensor | null;
  readonly dbias: HeapTensor | null;
  /** dx holds nothing yet and is written, not added to. */
  readonly fresh?: boolean;
}

/** As a kernel takes them: 0 where a gradient is not needed, and 1 where dx is written. */
export const addressesOf = ({ dx, dw, dbias, fresh = false }: LayerGradients) => ({
  dx: dx?.ptr ?? 0,
  dw: dw?.ptr ?? 0,
  dbias: dbias?.ptr ?? 0,
  fresh: Number(fresh),
});
