import { sizeOf } from '../graph/graph.ts';
import { convInt } from '../wasm/conv_int.ts';
import { depthwiseConvInt } from '../wasm/depthwise_conv_int.ts';
import { fullyConnectedInt } from '../wasm/fully_connected_int.ts';
import { transposeConvInt } from '../wasm/transpose_conv_int.ts';
import type { Reader, Results } from './case.ts';

/** Offsets, multipliers and clamp as the golden files name them. */
function rescale(p: Reader) {
  const range = p.in('activation');
  return {
    xOffset: p.number('input_offset'),
    yOffset: p.number('output_offset'),
    multiplier: p.list('multiplier'),
    shift: p.list('shift'),
    yMin: range.number('min'),
    yMax: range.number('max'),
    wide: p.has('bias_dtype') ? p.text('bias_dtype') === 'int64' : undefined,
  };
}

const windowOf = (p: Reader) => ({ stride: p.pair('stride'), padding: p.pair('padding'), dilation: p.pair('dilation') });

/** Golden cases of the convolutions: s8, s4 and s16. */
export function convolution(c: Reader): Results {
  const p = c.in('params');
  const x = c.tensor('input');
  const y = c.heap.tensor(x.dtype, p.list('output_shape'));
  const groups = p.has('groups') ? p.number('groups') : 1;
  convInt(c.heap, y, x, c.tensor('weights'), c.optional('bias'), { ...rescale(p), ...windowOf(p), groups })();
  return { output: c.heap.read(y) };
}

export function depthwiseConvolution(c: Reader): Results {
  const p = c.in('params');
  const x = c.tensor('input');
  const y = c.heap.tensor(x.dtype, p.list('output_shape'));
  depthwiseConvInt(c.heap, y, x, c.tensor('weights'), c.optional('bias'), { ...rescale(p), ...windowOf(p) })();
  return { output: c.heap.read(y) };
}

export function transposeConvolution(c: Reader): Results {
  const p = c.in('params');
  const y = c.heap.tensor('i8', p.list('output_shape'));
  transposeConvInt(c.heap, y, c.tensor('input'), c.tensor('weights'), c.optional('bias'), { ...rescale(p), ...windowOf(p) })();
  return { output: c.heap.read(y) };
}

export function fullyConnected(c: Reader): Results {
  const p = c.in('params');
  const [x, w] = [c.tensor('input'), c.tensor('weights')];
  const [units, depth] = w.shape;
  const y = c.heap.tensor(x.dtype, [sizeOf(x.shape) / depth, units]);
  fullyConnectedInt(c.heap, y, x, w, c.optional('bias'), { ...rescale(p), wOffset: p.number('filter_offset') })();
  return { output: c.heap.read(y) };
}
