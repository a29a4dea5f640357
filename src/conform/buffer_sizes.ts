import * as sizes from '../ops/buffer_sizes.ts';
import { MalformedCase, type Reader } from './case.ts';
import { type Difference, numbersDiffer } from './compare.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A row of `buffer_sizes.json`: what a function of CMSIS-NN returned for a build target. */
export const isBufferSize = (row: unknown): row is Fields =>
  typeof row === 'object' && row !== null && 'function' in row && 'bytes' in row && 'target' in row;

type Size = (core: sizes.CoreKind, p: Reader) => number;

const hw = (p: Reader) => ({ h: p.number('h'), w: p.number('w') });

function geometry(p: Reader): sizes.WindowGeometry {
  const [input, filter, output] = ['input_dims', 'filter_dims', 'output_dims'].map((name) => p.in(name));
  return {
    input: { n: input.number('n'), ...hw(input), c: input.number('c') },
    filter: { ...hw(filter), c: filter.number('c') },
    output: { ...hw(output), c: output.number('c') },
    stride: hw(p.in('stride')),
    padding: hw(p.in('padding')),
    dilation: hw(p.in('dilation')),
  };
}

const ofWindow =
  (size: (core: sizes.CoreKind, g: sizes.WindowGeometry) => number): Size =>
  (core, p) =>
    size(core, geometry(p));

/** Our formula for each function, by its name without `_get_buffer_size` and what follows. */
const FUNCTIONS: Readonly<Record<string, Size>> = {
  arm_convolve_wrapper_s8: ofWindow(sizes.convolveS8Scratch),
  arm_convolve_wrapper_s4: ofWindow(sizes.convolveS4Scratch),
  arm_convolve_wrapper_s16: ofWindow(sizes.convolveS16Scratch),
  arm_depthwise_conv_wrapper_s8: ofWindow(sizes.depthwiseConvS8Scratch),
  arm_depthwise_conv_wrapper_s4: ofWindow(sizes.depthwiseConvS4Scratch),
  arm_depthwise_conv_wrapper_s16: ofWindow(sizes.depthwiseConvS16Scratch),
  arm_transpose_conv_s8: ofWindow(sizes.transposeConvS8Scratch),
  arm_transpose_conv_s8_get_reverse_conv_buffer_size: (_, p) => sizes.transposeConvS8ReverseScratch(geometry(p)),
  arm_fully_connected_s8: (core, p) => sizes.fullyConnectedS8Scratch(core, p.in('filter_dims').number('c')),
  arm_fully_connected_s16: () => 0,
  arm_avgpool_s8: (core, p) => sizes.avgPoolScratch(core, p.number('ch_src')),
  arm_avgpool_s16: (core, p) => sizes.avgPoolScratch(core, p.number('ch_src')),
  arm_svdf_s8: (core, p) => sizes.svdfS8Scratch(core, p.in('weights_feature_dims').number('n')),
};

/** The first difference of a row, null where it agrees, or undefined where the function is not known. */
export function checkBufferSize(row: Reader): Difference | null | undefined {
  const name = row.text('function');
  const size = FUNCTIONS[name.replace(/_get_buffer_size.*/, '')];
  if (!size) return undefined;
  const target = row.text('target');
  // `any` is given where all builds agree.
  const core = target === 'any' ? 'c' : (target as sizes.CoreKind);
  if (!['c', 'dsp', 'mve'].includes(core)) throw new MalformedCase(`target is "${target}"`);
  const p = row.in('params');
  const found = numbersDiffer('bytes', row.number('bytes'), size(core, p));
  if (found || !row.has('kernel_needs_bytes')) return found;
  return numbersDiffer('kernel_needs_bytes', row.number('kernel_needs_bytes'), sizes.transposeConvS8Needs(core, geometry(p)));
}
