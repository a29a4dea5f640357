import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as sizes from '../../src/ops/buffer_sizes.ts';
import { sharedPath } from '../shared.ts';
import { skipped } from '../skipped.ts';

// biome-ignore lint/suspicious/noExplicitAny: golden files are plain JSON
type Json = Record<string, any>;

const fromDims = (p: Json): sizes.WindowGeometry => ({
  input: p.input_dims,
  filter: p.filter_dims,
  output: p.output_dims,
  stride: p.stride,
  padding: p.padding,
  dilation: p.dilation,
});

const FUNCTIONS: Record<string, (core: sizes.CoreKind, p: Json) => number> = {
  arm_convolve_wrapper_s8: (core, p) => sizes.convolveS8Scratch(core, fromDims(p)),
  arm_convolve_wrapper_s4: (core, p) => sizes.convolveS4Scratch(core, fromDims(p)),
  arm_convolve_wrapper_s16: (core, p) => sizes.convolveS16Scratch(core, fromDims(p)),
  arm_depthwise_conv_wrapper_s8: (core, p) => sizes.depthwiseConvS8Scratch(core, fromDims(p)),
  arm_depthwise_conv_wrapper_s4: (core, p) => sizes.depthwiseConvS4Scratch(core, fromDims(p)),
  arm_depthwise_conv_wrapper_s16: (core, p) => sizes.depthwiseConvS16Scratch(core, fromDims(p)),
  arm_transpose_conv_s8: (core, p) => sizes.transposeConvS8Scratch(core, fromDims(p)),
  arm_fully_connected_s8: (core, p) => sizes.fullyConnectedS8Scratch(core, p.filter_dims.c),
  arm_fully_connected_s16: () => 0,
  arm_avgpool_s8: (core, p) => sizes.avgPoolScratch(core, p.ch_src),
  arm_avgpool_s16: (core, p) => sizes.avgPoolScratch(core, p.ch_src),
  arm_svdf_s8: (core, p) => sizes.svdfS8Scratch(core, p.weights_feature_dims.n),
};

const table = sharedPath('vectors/buffer_sizes.json');
if (!table) skipped('vectors/buffer_sizes.json is absent');
else {
  for (const { function: name, target, params, bytes, kernel_needs_bytes } of JSON.parse(readFileSync(table, 'utf8'))) {
    test(`${name} ${JSON.stringify(params)}`, () => {
      if (name === 'arm_transpose_conv_s8_get_reverse_conv_buffer_size') {
        assert.is(sizes.transposeConvS8ReverseScratch(fromDims(params)), bytes);
        return;
      }
      assert.is(FUNCTIONS[name.replace(/_get_buffer_size.*/, '')](target, params), bytes);
      if (kernel_needs_bytes) assert.is(sizes.transposeConvS8Needs(target, fromDims(params)), kernel_needs_bytes);
    });
  }
}

/** The geometry of a golden case (vectors/README.md). */
function fromCase({ input, params }: Json): sizes.WindowGeometry {
  const [n, h, w, c] = input.shape;
  const [, fh, fw, fc] = params.filter_shape;
  const [, oh, ow, oc] = params.output_shape;
  const { stride, padding, dilation } = params;
  return { input: { n, h, w, c }, filter: { h: fh, w: fw, c: fc }, output: { h: oh, w: ow, c: oc }, stride, padding, dilation };
}

const CASES: Record<string, (core: sizes.CoreKind, c: Json) => number> = {
  convolve_s8: (core, c) => sizes.convolveS8Scratch(core, fromCase(c)),
  convolve_s4: (core, c) => sizes.convolveS4Scratch(core, fromCase(c)),
  convolve_s16: (core, c) => sizes.convolveS16Scratch(core, fromCase(c)),
  depthwise_conv_s8: (core, c) => sizes.depthwiseConvS8Scratch(core, fromCase(c)),
  depthwise_conv_s4: (core, c) => sizes.depthwiseConvS4Scratch(core, fromCase(c)),
  depthwise_conv_s16: (core, c) => sizes.depthwiseConvS16Scratch(core, fromCase(c)),
  transpose_conv_s8: (core, c) => sizes.transposeConvS8Scratch(core, fromCase(c)),
  fully_connected_s8: (core, c) => sizes.fullyConnectedS8Scratch(core, c.params.output_depth),
  batch_matmul_s8: (core, c) => sizes.batchMatmulS8Scratch(core, c.input_rhs.shape[2]),
  avg_pool_s8: (core, c) => sizes.avgPoolScratch(core, c.input.shape[3]),
  avg_pool_s16: (core, c) => sizes.avgPoolScratch(core, c.input.shape[3]),
  svdf_s8: (core, c) => sizes.svdfS8Scratch(core, c.params.feature_batches),
};

for (const folder of ['vectors/cmsis-nn', 'vectors/fuzz', 'vectors/networks']) {
  const path = sharedPath(folder);
  if (!path) skipped(`${folder} is absent`);
  else {
    for (const file of readdirSync(path)) {
      test(`scratch of ${folder}/${file}`, () => {
        const content = JSON.parse(readFileSync(join(path, file), 'utf8'));
        for (const c of content.layers ?? content) {
          for (const [core, bytes] of Object.entries(c.scratch_bytes ?? {})) {
            assert.is(CASES[c.op](core as sizes.CoreKind, c), bytes, `${c.name} on ${core}`);
          }
          if (c.reverse_conv_scratch_bytes !== undefined) {
            assert.is(sizes.transposeConvS8ReverseScratch(fromCase(c)), c.reverse_conv_scratch_bytes, c.name);
          }
        }
      });
    }
  }
}

test.run();
