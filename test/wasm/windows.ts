import type fc from 'fast-check';

interface Window {
  readonly h: number;
  readonly w: number;
  readonly kH: number;
  readonly kW: number;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Rows and columns of zeros before the image and behind it. */
  readonly padding: readonly number[];
  readonly after: readonly number[];
}

/** Windows that have an output, with its size. */
export function sized<T extends Window>(windows: fc.Arbitrary<T>): fc.Arbitrary<T & { outH: number; outW: number }> {
  const places = (size: number, k: number, g: T, i: number) =>
    Math.floor((size + g.padding[i] + g.after[i] - (k - 1) * g.dilation[i] - 1) / g.stride[i]) + 1;
  return windows
    .map((g) => ({ ...g, outH: places(g.h, g.kH, g, 0), outW: places(g.w, g.kW, g, 1) }))
    .filter((g) => g.outH > 0 && g.outW > 0);
}
