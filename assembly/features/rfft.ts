// Fourier transform of real numbers, in place: even places as real and odd ones as imaginary parts of half the size, radix 2, then taken apart.
//
//   z i32 [size + 2]        size numbers; written: size / 2 + 1 pairs of real and imaginary part
//   w i16 [size / 2, 2]     cosine and sine of k / size of a turn, Q15
//
// Nothing is scaled: 2^30 must hold size * the largest number.
function turned(a: i32, c: i32, b: i32, s: i32): i32 {
  return i32((i64(a) * i64(c) + i64(b) * i64(s) + 16384) >> 15);
}

export function rfft_s32(z: usize, w: usize, size: i32): void {
  const half = size >> 1;
  for (let i = 1, j = 0; i < half; i++) {
    let bit = half >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const other = load<i64>(z + 8 * i);
      store<i64>(z + 8 * i, load<i64>(z + 8 * j));
      store<i64>(z + 8 * j, other);
    }
  }
  for (let length = 2; length <= half; length <<= 1) {
    const step = size / length;
    const reach = length >> 1;
    for (let j = 0; j < reach; j++) {
      const c: i32 = load<i16>(w + 4 * j * step);
      const s: i32 = load<i16>(w + 4 * j * step, 2);
      for (let i = j; i < half; i += length) {
        const a = z + 8 * i;
        const b = a + 8 * reach;
        const br = load<i32>(b), bi = load<i32>(b, 4);
        const tr = j ? turned(br, c, bi, s) : br;
        const ti = j ? turned(bi, c, -br, s) : bi;
        const ar = load<i32>(a), ai = load<i32>(a, 4);
        store<i32>(a, ar + tr);
        store<i32>(a, ai + ti, 4);
        store<i32>(b, ar - tr);
        store<i32>(b, ai - ti, 4);
      }
    }
  }
  const re = load<i32>(z), im = load<i32>(z, 4);
  store<i32>(z, re + im);
  store<i32>(z, 0, 4);
  store<i32>(z + 8 * half, re - im);
  store<i32>(z + 8 * half, 0, 4);
  for (let k = 1; 2 * k < half; k++) {
    const a = z + 8 * k;
    const b = z + 8 * (half - k);
    const c: i32 = load<i16>(w + 4 * k);
    const s: i32 = load<i16>(w + 4 * k, 2);
    const ar = load<i32>(a), ai = load<i32>(a, 4), br = load<i32>(b), bi = load<i32>(b, 4);
    const er = (ar + br) >> 1, ei = (ai - bi) >> 1;
    const or = (ai + bi) >> 1, oi = (br - ar) >> 1;
    const tr = turned(or, c, oi, s);
    const ti = turned(oi, c, -or, s);
    store<i32>(a, er + tr);
    store<i32>(a, ei + ti, 4);
    store<i32>(b, er - tr);
    store<i32>(b, ti - ei, 4);
  }
  if (half > 1) store<i32>(z + 4 * half, -load<i32>(z + 4 * half, 4), 4);
}
