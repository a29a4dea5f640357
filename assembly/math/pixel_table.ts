// Where the windows of a convolution begin and where their results are written: made once, read by tiles of 4 pixels.

/** For each pixel [where its window begins in A, where its result is in Y], in bytes; the last pixel is given 3 times more, for the last tile. */
export function fill_table(table: usize, outH: i32, outW: i32, aRow: i32, aPixel: i32, yRow: i32, yPixel: i32): void {
  for (let oy = 0; oy < outH; oy++) {
    for (let ox = 0; ox < outW; ox++, table += 8) {
      store<i32>(table, oy * aRow + ox * aPixel);
      store<i32>(table, oy * yRow + ox * yPixel, 4);
    }
  }
  const last = load<i64>(table - 8);
  store<i64>(table, last);
  store<i64>(table, last, 8);
  store<i64>(table, last, 16);
}
