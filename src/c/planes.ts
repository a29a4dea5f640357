import type { Geometry } from './geometry.ts';
import type { LayerCode, Parts } from './parts.ts';

/** Depthwise layers over their own input: the plane of a channel is copied away before its outputs are written in its place. */
export interface Planes {
  readonly g: Geometry;
  /** Words of a channel's table. */
  readonly words: number;
  /** `void KERNEL(int8_t *y, const int8_t *x, const int32_t *channels)` for one channel, whose inputs stand side by side. */
  readonly kernel: string;
}

export const planesFunction = (parts: Parts, { g, words, kernel }: Planes): string =>
  parts.function(
    'depthwise_planes',
    (name) => `
      static void ${name}(int8_t *y, const int8_t *x, const int32_t *channels, uint32_t *scratch) {
        int8_t *plane = (int8_t *)scratch;
        for (int32_t c = 0; c < ${g.inC}; c++) {
          const int8_t *from = &x[c];
      #pragma GCC unroll 4
          for (int32_t i = 0; i < ${g.inH * g.inW}; i++) {
            plane[i] = *from;
            from += ${g.inC};
          }
          ${kernel}(&y[c], plane, &channels[c * ${words}]);
        }
      }`,
  );

/** Outputs of a channel land on inputs of the same channel. */
export const overPlanes = (code: LayerCode, g: Geometry): LayerCode => ({
  ...code,
  calls: code.calls.map((c) => ({ ...c, arguments: [...c.arguments, 'scratch'] })),
  scratchBytes: g.inH * g.inW,
  overlap: { below: 0, multiple: g.inC },
});
