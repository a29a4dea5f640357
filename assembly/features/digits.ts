// Where number i of `size` lies before the first butterflies: its digits, of radix 4 and one of radix 2 where no 4 is left, in the other order.
@inline
export function digitsOf(i: i32, size: i32): i32 {
  let at = 0, rest = size;
  while (rest > 1) {
    const radix = rest & 3 ? 2 : 4;
    rest /= radix;
    at += (i % radix) * rest;
    i /= radix;
  }
  return at;
}
