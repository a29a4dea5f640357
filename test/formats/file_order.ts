import { sizeOf, type Tensor } from '../../src/graph/graph.ts';

/** The shape that the model's own file gives a tensor. */
export const fileShape = ({ shape, fileOrder }: Tensor): number[] => fileOrder?.map((axis) => shape[axis]) ?? [...shape];

/** For each place of an array in the file's order its place in the graph's. */
function places({ shape, fileOrder }: Tensor): number[] {
  const order = fileOrder ?? shape.map((_, i) => i);
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  return Array.from({ length: sizeOf(shape) }, (_, place) => {
    let [rest, at] = [place, 0];
    for (let i = order.length - 1; i >= 0; i--) {
      at += (rest % shape[order[i]]) * strides[order[i]];
      rest = Math.floor(rest / shape[order[i]]);
    }
    return at;
  });
}

/** An array in the file's order as the graph has it. */
export function toGraph(tensor: Tensor, x: ArrayLike<number>): Float32Array {
  const y = new Float32Array(x.length);
  places(tensor).forEach((at, i) => {
    y[at] = x[i];
  });
  return y;
}

/** The reverse. */
export const toFile = (tensor: Tensor, x: ArrayLike<number>): Float32Array => Float32Array.from(places(tensor), (at) => x[at]);

/** What the scripts of the fixtures feed: numbers of -1..1 that any language makes exactly. */
export const given = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((7919 * i + 17) % 1000) / 500 - 1);
