import { sizeOf, type Tensor, type Values } from './graph.ts';

/** Inputs and outputs whose axes are in another order in the model's own file (channels first). */

type Ordered = Pick<Tensor, 'shape' | 'fileOrder'>;

/** The shape that the model's own file gives a tensor. */
export const fileShape = ({ shape, fileOrder }: Ordered): number[] => fileOrder?.map((axis) => shape[axis]) ?? [...shape];

/** For each place of an array in the file's order its place in the graph's; null where they are the same. */
function places({ shape, fileOrder }: Ordered): Int32Array | null {
  if (!fileOrder) return null;
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  return Int32Array.from({ length: sizeOf(shape) }, (_, place) => {
    let [rest, at] = [place, 0];
    for (let i = fileOrder.length - 1; i >= 0; i--) {
      at += (rest % shape[fileOrder[i]]) * strides[fileOrder[i]];
      rest = Math.floor(rest / shape[fileOrder[i]]);
    }
    return at;
  });
}

function moved<T extends Values>(tensor: Ordered, x: T, move: (from: T, to: T, place: number, at: number) => void): T {
  const order = places(tensor);
  if (!order) return x;
  const y = x.slice() as T;
  for (let start = 0; start < x.length; start += order.length)
    order.forEach((at, place) => {
      move(x, y, start + place, start + at);
    });
  return y;
}

/** Arrays in the file's order, one example after another, as the graph has them. */
export const toGraphOrder = <T extends Values>(tensor: Ordered, x: T): T =>
  moved(tensor, x, (from, to, place, at) => {
    to[at] = from[place];
  });

/** The reverse. */
export const toFileOrder = <T extends Values>(tensor: Ordered, x: T): T =>
  moved(tensor, x, (from, to, place, at) => {
    to[place] = from[at];
  });
