// Elements by lists of places along each axis: gather, tile, mirrored padding. Any type.
//
//   y      [n0, n1, n2, n3, run], contiguous
//   table  i32 [n0 + n1 + n2 + n3]: what each index of each axis adds to the place in x, in elements; then `run` neighbours are taken

export function take(y: usize, x: usize, element: i32, table: usize, n0: i32, n1: i32, n2: i32, n3: i32, run: i32): void {
  const t1 = table + (n0 << 2), t2 = t1 + (n1 << 2), t3 = t2 + (n2 << 2), bytes = run * element;
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      const outer = load<i32>(table + (i0 << 2)) + load<i32>(t1 + (i1 << 2));
      for (let i2 = 0; i2 < n2; i2++) {
        const at = outer + load<i32>(t2 + (i2 << 2));
        for (let i3 = 0; i3 < n3; i3++, y += bytes) memory.copy(y, x + (at + load<i32>(t3 + (i3 << 2))) * element, bytes);
      }
    }
  }
}

/** dx += dy, each element to the place it was taken from. */
export function take_grad_f32(dx: usize, dy: usize, table: usize, n0: i32, n1: i32, n2: i32, n3: i32, run: i32): void {
  const t1 = table + (n0 << 2), t2 = t1 + (n1 << 2), t3 = t2 + (n2 << 2);
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        const at = load<i32>(table + (i0 << 2)) + load<i32>(t1 + (i1 << 2)) + load<i32>(t2 + (i2 << 2));
        for (let i3 = 0; i3 < n3; i3++) {
          let to = dx + ((at + load<i32>(t3 + (i3 << 2))) << 2);
          for (let r = 0; r < run; r++, to += 4, dy += 4) store<f32>(to, load<f32>(to) + load<f32>(dy));
        }
      }
    }
  }
}
