import { gestures } from '../../../src/demo/gestures.ts';
import { sha256 } from '../../../src/digest.ts';
import { erfc, exp, log, normalQuantile } from '../../../src/elementary.ts';
import { sizeOf } from '../../../src/graph/graph.ts';
import { createRandom } from '../../../src/random.ts';
import { convF32, convGradF32 } from '../../../src/wasm/conv_f32.ts';
import { convInt } from '../../../src/wasm/conv_int.ts';
import { depthwiseConvF32, depthwiseConvGradF32 } from '../../../src/wasm/depthwise_conv_f32.ts';
import { depthwiseConvInt } from '../../../src/wasm/depthwise_conv_int.ts';
import { fullyConnectedInt } from '../../../src/wasm/fully_connected_int.ts';
import { Heap, type HeapTensor } from '../../../src/wasm/heap.ts';
import type { PageResult } from '../page.ts';

/** The module loads here as it does in Node, and what results rest on has the same bytes. */
export default async function kernels(): Promise<PageResult> {
  const heap = await Heap.open();
  const {
    inputs: [x],
    y,
  } = gestures(1).train!;
  const digests = {
    ...(await functions(heap)),
    ...(await convolutions(heap)),
    ...(await integerLayers(heap)),
    'search math': await sha256(searchMath()),
    'demo data': await sha256(x, y!),
  };
  return { passed: 1, failures: [], digests, notes: [`int8 products are ${heap.relaxed ? 'relaxed' : 'plain'} dots here`] };
}

/** Every 40,503rd float32, so all exponents of both signs; which NaN comes out is the host's to choose, so all count as one. */
async function functions(heap: Heap): Promise<Record<string, string>> {
  const bits = Uint32Array.from({ length: 106_000 }, (_, i) => i * 40_503);
  const digests: Record<string, string> = {};
  await heap.exclusive(async () => {
    const x = heap.tensor('f32', [bits.length], new Float32Array(bits.buffer));
    const y = heap.tensor('f32', [bits.length]);
    for (const name of ['exp_f32', 'log_f32', 'tanh_f32', 'logistic_f32', 'rsqrt_f32'] as const) {
      heap.wasm[name](y.ptr, x.ptr, bits.length);
      const found = (heap.read(y) as Float32Array).map((v) => (Number.isNaN(v) ? 0.5 : v));
      digests[name] = await sha256(found);
    }
  });
  return digests;
}

async function convolutions(heap: Heap): Promise<Record<string, string>> {
  const random = createRandom(1, 'browser kernels');
  const noise = (shape: readonly number[]) =>
    heap.tensor(
      'f32',
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.uniform() - 1),
    );
  const read = (tensors: readonly HeapTensor[]) => sha256(...tensors.map((t) => heap.read(t)));
  const stride = [1, 1] as const;
  const padding = [1, 1] as const;
  return heap.exclusive(async () => {
    const x = noise([3, 9, 7, 13]);
    const dy = noise([3, 9, 7, 18]);
    const w = noise([18, 3, 3, 13]);
    const y = heap.tensor('f32', [3, 9, 7, 18]);
    const [dx, dw, db] = [heap.tensor('f32', x.shape), heap.tensor('f32', w.shape), heap.tensor('f32', [18])];
    convF32(heap, y, x, w, noise([18]), { stride, padding, activation: 'relu' })();
    convGradF32(heap, dy, { x, w, y }, { dx, dw, dbias: db }, { stride, padding, activation: 'relu' })();
    const plain = await read([y, dx, dw, db]);
    const wd = noise([1, 3, 3, 13]);
    const yd = heap.tensor('f32', x.shape);
    const [dxd, dwd, dbd] = [heap.tensor('f32', x.shape), heap.tensor('f32', wd.shape), heap.tensor('f32', [13])];
    depthwiseConvF32(heap, yd, x, wd, noise([13]), { stride, padding })();
    depthwiseConvGradF32(heap, noise(x.shape), { x, w: wd, y: yd }, { dx: dxd, dw: dwd, dbias: dbd }, { stride, padding })();
    return { 'convolution and gradients': plain, 'depthwise convolution and gradients': await read([yd, dxd, dwd, dbd]) };
  });
}

/** The extremes of int8 too; here they may be relaxed dots where those of Node are plain ones. */
async function integerLayers(heap: Heap): Promise<Record<string, string>> {
  const random = createRandom(3, 'browser kernels');
  const bytes = (shape: readonly number[]) =>
    heap.tensor(
      'i8',
      shape,
      Int8Array.from({ length: sizeOf(shape) }, () => [random.below(256) - 128, -128, 127][random.below(3)]),
    );
  const digests: Record<string, string> = {};
  await heap.exclusive(async () => {
    const x = bytes([2, 9, 7, 19]);
    const y = heap.tensor('i8', [2, 9, 7, 19]);
    const p = { xOffset: 31, yOffset: -5, multiplier: [2 ** 30 + 12345], shift: [-11], yMin: -128, yMax: 127 };
    const window = { stride: [1, 1], padding: [1, 1] } as const;
    convInt(heap, y, x, bytes([19, 3, 3, 19]), null, { ...p, ...window })();
    digests['int8 convolution'] = await sha256(heap.read(y));
    depthwiseConvInt(heap, y, x, bytes([1, 3, 3, 19]), null, { ...p, ...window, shift: [-8] })();
    digests['int8 depthwise convolution'] = await sha256(heap.read(y));
    const units = heap.tensor('i8', [2, 21]);
    fullyConnectedInt(heap, units, bytes([2, 333]), bytes([21, 333]), null, p)();
    digests['int8 dense layer'] = await sha256(heap.read(units));
  });
  return digests;
}

function searchMath(): Float64Array {
  const random = createRandom(2, 'browser kernels');
  return Float64Array.from({ length: 40_000 }, (_, i) => {
    const u = random.uniform();
    return [exp(80 * u - 40), log(u * 1000 + 1e-9), erfc(12 * u - 6), normalQuantile(u * 0.999 + 0.0005)][i % 4];
  });
}
