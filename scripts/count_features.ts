import type { CoreKind, WindowGeometry } from '../src/ops/buffer_sizes.ts';
import * as k from '../src/ops/features/index.ts';
import type { Case } from './count/geometry.ts';

const geometry = (c: Case): WindowGeometry => ({
  input: { n: c.n, h: c.h, w: c.w, c: c.c },
  filter: { h: c.fh, w: c.fw, c: /^depthwise/.test(c.kernel) ? c.oc : c.c / c.groups },
  output: { h: c.oh, w: c.ow, c: c.oc },
  stride: { h: c.sh, w: c.sw },
  padding: { h: c.ph, w: c.pw },
  dilation: { h: c.dh, w: c.dw },
});

/** The features of a counted case: the same functions that the rows of the operator table use. */
export function caseFeatures(c: Case, kind: CoreKind): k.KernelFeatures {
  const weights = c.kernel.match(/s16|s8|s4/)?.[0] as k.Weights;
  const elements = c.n * c.h * c.w * c.c;
  if (/^convolve/.test(c.kernel)) return k.convolveFeatures(kind, weights, geometry(c), c.groups);
  if (/^depthwise/.test(c.kernel)) return k.depthwiseConvFeatures(kind, weights, geometry(c));
  if (/^fully/.test(c.kernel)) return k.fullyConnectedFeatures(kind, weights, c.n, c.h * c.w * c.c, c.oc);
  if (/pool/.test(c.kernel)) return k.poolFeatures(geometry(c));
  if (/^softmax/.test(c.kernel)) return k.softmaxFeatures(c.h, c.c);
  if (/^concatenation/.test(c.kernel)) return k.copyFeatures(c.h * c.w, c.c);
  if (/^pad/.test(c.kernel)) return k.padFeatures(c.oh, c.h, c.w * c.c, c.ow * c.oc);
  if (/^transpose_conv/.test(c.kernel)) return k.transposeConvFeatures(geometry(c));
  if (/^transpose_s8/.test(c.kernel)) return k.transposeFeatures(c.h, c.h * c.w, elements);
  if (/^batch_matmul/.test(c.kernel)) return k.batchMatmulFeatures(kind, c.n * c.h, c.w, c.c, c.oc);
  if (/^svdf/.test(c.kernel)) return k.svdfFeatures(1, c.c, c.oc, c.h);
  if (/^dot/.test(c.kernel)) return k.floatFeatures(c.c * c.oc, c.oc);
  return k.elementwiseFeatures(elements);
}
