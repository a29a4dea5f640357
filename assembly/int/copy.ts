// Moving elements without computing: any type, sizes in bytes where the name says so.

/**
 * y, contiguous, from x read with a stride of its own along each of four axes: transpose, (strided) slice, split, broadcast.
 *
 *   dims     n0 [.] n3 of y; stride_i: elements of x from one index of axis i to the next (0 repeats, negative runs back)
 *   element  1, 2, 4 or 8 bytes
 */
export function strided_copy(
  y: usize, x: usize, element: i32, n0: i32, n1: i32, n2: i32, n3: i32, s0: i32, s1: i32, s2: i32, s3: i32,
): void {
  const row = n3 * element;
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      let at = x + (i0 * s0 + i1 * s1) * element;
      for (let i2 = 0; i2 < n2; i2++, at += s2 * element, y += row) {
        if (s3 == 1) memory.copy(y, at, row);
        else if (element == 1) gather<i8>(y, at, n3, s3);
        else if (element == 2) gather<i16>(y, at, n3, s3);
        else if (element == 4) gather<i32>(y, at, n3, s3);
        else gather<i64>(y, at, n3, s3);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function gather<T>(y: usize, x: usize, n: i32, stride: i32): void {
  const step = stride * sizeof<T>();
  for (let i = 0; i < n; i++, y += sizeof<T>(), x += step) store<T>(y, load<T>(x));
}

/** One input of a concatenation: `outer` rows of x, xRow bytes each, into rows of y, yRow bytes apart. */
export function copy_rows(y: usize, x: usize, outer: i32, xRow: i32, yRow: i32): void {
  for (let o = 0; o < outer; o++, x += xRow, y += yRow) memory.copy(y, x, xRow);
}

/** n bytes, moved as one. */
export function copy_bytes(y: usize, x: usize, n: i32): void {
  memory.copy(y, x, n);
}

/**
 * Constant padding of a 4-D tensor; `value` is the byte that fills.
 *
 *   y [n + ., h + ., w + ., c + .] bytes, x [n, h, w, c] bytes; yN .. yC are y's dims, n0 .. c0 what is before x along each axis
 *
 * Source: CMSIS-NN 99f736a, arm_pad_s8.
 */
export function pad_bytes(
  y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, yN: i32, yH: i32, yW: i32, yC: i32,
  n0: i32, h0: i32, w0: i32, c0: i32, value: i32,
): void {
  memory.fill(y, u8(value), yN * yH * yW * yC);
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < h; i++) {
      let to = y + (((b + n0) * yH + i + h0) * yW + w0) * yC + c0;
      if (c == yC) {
        memory.copy(to, x, w * c);
        x += w * c;
        continue;
      }
      for (let j = 0; j < w; j++, to += yC, x += c) memory.copy(to, x, c);
    }
  }
}

export function memory_zero(y: usize, n: i32): void {
  memory.fill(y, 0, n);
}
