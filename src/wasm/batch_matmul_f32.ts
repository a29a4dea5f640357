import { sizeOf } from '../graph/graph.ts';
import { stridesOf } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface BatchMatmulF32 {
  /** a comes as [.., depth, rows]. */
  readonly adjX: boolean;
  /** b comes as [.., columns, depth]. */
  readonly adjY: boolean;
}

/** A matrix inside a tensor: its place and the bytes from row to row and from column to column. */
interface Matrix {
  readonly ptr: number;
  readonly row: number;
  readonly column: number;
}

/**
 * y [.., rows, columns] = a [.., rows, depth] b [.., depth, columns]; leading dimensions broadcast.
 */
export function batchMatmulF32(heap: Heap, y: HeapTensor, a: HeapTensor, b: HeapTensor, p: BatchMatmulF32): Step {
  const { rows, depth, columns, triples } = matrices(y, a, b, p);
  const room = productScratch(heap, rows, depth, columns);
  return () => {
    for (const t of triples) product(heap, room, t.y, t.a, t.b, rows, depth, columns, false);
  };
}

/** Gradients, ADDED: da += dy b', db += a' dy. */
export function batchMatmulGradF32(
  heap: Heap,
  dy: HeapTensor,
  { a, b }: { a: HeapTensor; b: HeapTensor },
  to: { da: HeapTensor | null; db: HeapTensor | null },
  p: BatchMatmulF32,
): Step {
  const { rows, depth, columns, triples } = matrices(dy, a, b, p);
  const places = matrices(dy, to.da ?? a, to.db ?? b, p).triples;
  const room = Math.max(productScratch(heap, rows, columns, depth), productScratch(heap, depth, rows, columns));
  return () => {
    triples.forEach((t, i) => {
      if (to.da) product(heap, room, places[i].a, t.y, turn(t.b), rows, columns, depth, true);
      if (to.db) product(heap, room, places[i].b, turn(t.a), t.y, depth, rows, columns, true);
    });
  };
}

const turn = (m: Matrix): Matrix => ({ ptr: m.ptr, row: m.column, column: m.row });

function productScratch(heap: Heap, rows: number, depth: number, columns: number): number {
  return heap.scratch(heap.wasm.gemm_packed_f32(depth, columns) + 4 * rows * depth + 4 * rows * columns + 64);
}

/** y (+)= a b for matrices of any strides: a and y pass through contiguous rows. */
function product(
  heap: Heap,
  room: number,
  y: Matrix,
  a: Matrix,
  b: Matrix,
  rows: number,
  depth: number,
  columns: number,
  add: boolean,
): void {
  const { wasm } = heap;
  const packed = room;
  const left = packed + wasm.gemm_packed_f32(depth, columns);
  const result = left + ((4 * rows * depth + 15) & -16);
  wasm.gemm_pack_f32(packed, b.ptr, depth, columns, b.row, b.column);
  wasm.strided_copy_f32(left, a.ptr, 1, 1, rows, depth, 0, 0, depth * 4, 4, 0, 0, a.row, a.column);
  wasm.gemm_f32(result, left, packed, 0, rows, depth, columns, depth * 4, columns * 4, 0, -Infinity, Infinity);
  const put = add ? wasm.strided_add_f32 : wasm.strided_copy_f32;
  put(y.ptr, result, 1, 1, rows, columns, 0, 0, y.row, y.column, 0, 0, columns * 4, 4);
}

/** For each matrix of y the matrices of a and b that make it. */
function matrices(y: HeapTensor, a: HeapTensor, b: HeapTensor, p: BatchMatmulF32) {
  const [rows, columns] = y.shape.slice(-2);
  const depth = a.shape[a.shape.length - (p.adjX ? 2 : 1)];
  const lead = y.shape.slice(0, -2);
  const at = (t: HeapTensor, index: number, swap: boolean): Matrix => {
    const strides = stridesOf(t.shape);
    const own = t.shape.slice(0, -2);
    let start = 0;
    for (let i = lead.length - 1, rest = index; i >= 0; i--) {
      const place = rest % lead[i];
      rest = Math.floor(rest / lead[i]);
      const k = i - lead.length + own.length;
      if (k >= 0 && own[k] > 1) start += place * strides[k];
    }
    const [row, column] = strides.slice(-2).map((s) => s * 4);
    return { ptr: t.ptr + start * 4, row: swap ? column : row, column: swap ? row : column };
  };
  const triples = Array.from({ length: sizeOf(lead) }, (_, i) => ({
    y: at(y, i, false),
    a: at(a, i, p.adjX),
    b: at(b, i, p.adjY),
  }));
  return { rows, depth, columns, triples };
}
