// Discrete cosine transform as a product with a matrix.
//
//   y i32 [rows]        written
//   x i32 [columns]
//   m i16 [rows, columns] Q15
export function dct_s32(y: usize, x: usize, m: usize, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; r++, m += 2 * columns) {
    let sum: i64 = 16384;
    for (let c = 0; c < columns; c++) sum += i64(load<i32>(x + 4 * c)) * i64(load<i16>(m + 2 * c));
    store<i32>(y + 4 * r, i32(sum >> 15));
  }
}
