// Fourier transform of real numbers in 16 bits, divided by its size: radix 4, one pass of radix 2 where no 4 is left, then taken apart.
//
//   z i32 [size + 2]        size numbers of 16 bits, pairs in the order of digitsOf; written: size / 2 + 1 pairs of real and imaginary part
//   w i16 [3 size / 4, 2]   cosine and -sine of k / size of a turn, times 32767
//
// Source of the numbers: KISS FFT v130 with FIXED_POINT 16. Sums wrap at 16 bits, as there.

@inline
function divided(x: i32, by: i32): i32 {
  return i32(i16((x * by + 16384) >> 15));
}

@inline
function short(x: i32): i32 {
  return i32(i16(x));
}

export function rfft_s16(z: usize, w: usize, size: i32): void {
  const half = size >> 1;
  let reach = 1;
  if (!(half & 0x55555555)) {
    for (let i = 0; i < half; i += 2) {
      const a = z + 8 * i;
      const ar = divided(load<i32>(a), 16383), ai = divided(load<i32>(a, 4), 16383);
      // cos(0) is 32767 of 32768
      const br = divided(divided(load<i32>(a, 8), 16383), 32767), bi = divided(divided(load<i32>(a, 12), 16383), 32767);
      store<i32>(a, short(ar + br));
      store<i32>(a, short(ai + bi), 4);
      store<i32>(a, short(ar - br), 8);
      store<i32>(a, short(ai - bi), 12);
    }
    reach = 2;
  }
  for (; reach < half; reach <<= 2) {
    const step = size / (4 * reach);
    const next = 8 * reach;
    for (let j = 0; j < reach; j++) {
      const turn = 4 * j * step;
      const c1 = i32(load<i16>(w + turn)), s1 = i32(load<i16>(w + turn, 2));
      const c2 = i32(load<i16>(w + 2 * turn)), s2 = i32(load<i16>(w + 2 * turn, 2));
      const c3 = i32(load<i16>(w + 3 * turn)), s3 = i32(load<i16>(w + 3 * turn, 2));
      for (let i = j; i < half; i += 4 * reach) {
        const p = z + 8 * i, q = p + next, r = q + next, t = r + next;
        const re0 = divided(load<i32>(p), 8191), im0 = divided(load<i32>(p, 4), 8191);
        const qr = divided(load<i32>(q), 8191), qi = divided(load<i32>(q, 4), 8191);
        const rr = divided(load<i32>(r), 8191), ri = divided(load<i32>(r, 4), 8191);
        const tr = divided(load<i32>(t), 8191), ti = divided(load<i32>(t, 4), 8191);
        const re1 = short((qr * c1 - qi * s1 + 16384) >> 15), im1 = short((qr * s1 + qi * c1 + 16384) >> 15);
        const re2 = short((rr * c2 - ri * s2 + 16384) >> 15), im2 = short((rr * s2 + ri * c2 + 16384) >> 15);
        const re3 = short((tr * c3 - ti * s3 + 16384) >> 15), im3 = short((tr * s3 + ti * c3 + 16384) >> 15);
        const evenRe = short(re0 + re2), evenIm = short(im0 + im2), lessRe = short(re0 - re2), lessIm = short(im0 - im2);
        const oddRe = short(re1 + re3), oddIm = short(im1 + im3), crossRe = short(re1 - re3), crossIm = short(im1 - im3);
        store<i32>(p, short(evenRe + oddRe));
        store<i32>(p, short(evenIm + oddIm), 4);
        store<i32>(q, short(lessRe + crossIm));
        store<i32>(q, short(lessIm - crossRe), 4);
        store<i32>(r, short(evenRe - oddRe));
        store<i32>(r, short(evenIm - oddIm), 4);
        store<i32>(t, short(lessRe - crossIm));
        store<i32>(t, short(lessIm + crossRe), 4);
      }
    }
  }
  const sum = divided(load<i32>(z), 16383), rest = divided(load<i32>(z, 4), 16383);
  store<i32>(z, short(sum + rest));
  store<i32>(z, 0, 4);
  store<i32>(z + 8 * half, short(sum - rest));
  store<i32>(z + 8 * half, 0, 4);
  for (let k = 1; 2 * k <= half; k++) {
    const a = z + 8 * k;
    const b = z + 8 * (half - k);
    const ar = divided(load<i32>(a), 16383), ai = divided(load<i32>(a, 4), 16383);
    const br = divided(load<i32>(b), 16383), bi = divided(short(-load<i32>(b, 4)), 16383);
    const sumRe = short(ar + br), sumIm = short(ai + bi), lessRe = short(ar - br), lessIm = short(ai - bi);
    // a quarter of a turn further
    const c = i32(load<i16>(w + 4 * k, 2)), s = -i32(load<i16>(w + 4 * k));
    const tr = short((lessRe * c - lessIm * s + 16384) >> 15), ti = short((lessRe * s + lessIm * c + 16384) >> 15);
    store<i32>(a, short((sumRe + tr) >> 1));
    store<i32>(a, short((sumIm + ti) >> 1), 4);
    store<i32>(b, short((sumRe - tr) >> 1));
    store<i32>(b, short((ti - sumIm) >> 1), 4);
  }
}
