// How Winograd's method lays out its work: tiles, strips of tiles, groups of images and planes, in numbers and bytes; `s` is the stride.
import { outputs, side } from "./winograd_lines";

/** Bytes that the transforms keep a tile in while they turn it. */
export const TEMP: i32 = 704;

/** Products of a tile, each a plane. */
// @ts-ignore: decorator
@inline
export function planes(s: i32): i32 {
  return side(s) * side(s);
}

/** Rows or columns of tiles over `n` outputs. */
// @ts-ignore: decorator
@inline
export function tiles_over(s: i32, n: i32): i32 {
  return (n + outputs(s) - 1) / outputs(s);
}

/** Rows or columns of a frame that the tiles of `n` outputs read. */
// @ts-ignore: decorator
@inline
export function frame_side(s: i32, n: i32): i32 {
  return 4 * tiles_over(s, n) + side(s) - 4;
}

/** Bytes of a plane: a cache line more than its values, so that the planes do not fall on the same lines of the cache. */
// @ts-ignore: decorator
@inline
export function plane_bytes(tiles: i32, channels: i32): i32 {
  return tiles * channels * 4 + 64;
}

/** Tiles of a strip. */
// @ts-ignore: decorator
@inline
export function strip_tiles(inC: i32, outC: i32): i32 {
  return max(16, (1024 / (inC + outC)) & ~3);
}

/** Images whose tiles make up a strip, at least one. */
// @ts-ignore: decorator
@inline
export function group_images(s: i32, inC: i32, outH: i32, outW: i32, outC: i32): i32 {
  return max(1, strip_tiles(inC, outC) / (tiles_over(s, outH) * tiles_over(s, outW)));
}

/** Channels as the products take them: whole blocks of eight. */
// @ts-ignore: decorator
@inline
export function whole(channels: i32): i32 {
  return (channels + 7) & ~7;
}

/** Bytes of a plane of packed taps, from k to `columns` channels. */
// @ts-ignore: decorator
@inline
export function tap_plane(k: i32, columns: i32): i32 {
  return whole(columns) * k * 4;
}

/** Zeros behind `count` rows of each plane up to a multiple of four rows, which it returns. */
export function fill_up(s: i32, v: usize, plane: i32, count: i32, row: i32): i32 {
  const rows = (count + 3) & ~3;
  if (rows > count) for (let i = 0; i < planes(s); i++) memory.fill(v + i * plane + count * row, 0, (rows - count) * row);
  return rows;
}
