import { sizeOf } from '../src/graph/graph.ts';
import { createRandom } from '../src/random.ts';
import { convInt } from '../src/wasm/conv_int.ts';
import { depthwiseConvInt } from '../src/wasm/depthwise_conv_int.ts';
import { fullyConnectedInt } from '../src/wasm/fully_connected_int.ts';
import type { Heap, HeapTensor } from '../src/wasm/heap.ts';
import type { Layer } from './bare_tile.ts';
import { needSameValues } from './same_values.ts';

type Kernel = (...args: number[]) => void;

/** Layers with random weights, ReLU and a scale for each channel, each compared with its plain twin before it is handed out. */
export function intLayers(heap: Heap) {
  const random = createRandom(1, 'integer benches');
  const between = (low: number, high: number) => low + random.below(high - low + 1);
  const tensor = (shape: number[], bits = 8) => {
    const top = 2 ** (bits - 1) - 1;
    return heap.tensor(
      bits === 8 ? 'i8' : 'i4',
      shape,
      Int8Array.from({ length: sizeOf(shape) }, () => between(-top, top)),
    );
  };
  const rescale = (channels: number, depth: number) => ({
    xOffset: 128,
    yOffset: -128,
    multiplier: Array.from({ length: channels }, () => between(2 ** 30, 2 ** 31 - 1)),
    shift: Array.from({ length: channels }, () => -Math.round(Math.log2(40 * Math.sqrt(depth))) - random.below(2)),
    yMin: -128,
    yMax: 127,
  });
  const check = (
    name: string,
    reference: string,
    y: HeapTensor,
    x: HeapTensor,
    w: HeapTensor,
    p: ReturnType<typeof rescale>,
    sizes: number[],
    offsets: number[],
  ) => {
    heap.scope(() => {
      const want = heap.tensor('i8', y.shape);
      const plain = heap.tensor('i8', w.shape, heap.read(w));
      const factors = [p.multiplier, p.shift].map((v) => heap.tensor('i32', [v.length], v).ptr);
      const each = p.shift.length === 1 ? 0 : 4;
      (heap.wasm as unknown as Record<string, Kernel>)[reference](
        want.ptr,
        x.ptr,
        plain.ptr,
        0,
        ...factors,
        each,
        ...sizes,
        ...offsets,
      );
      needSameValues(heap, name, y, want);
    });
  };
  const same = (n: number, out: number, stride: number, k: number) => Math.max(0, (out - 1) * stride + k - n) >> 1;

  return {
    /** SAME padding. */
    conv(n: number, [h, w, c]: number[], outC: number, [kH, kW]: number[], stride: number, bits = 8): Layer {
      const [oh, ow] = [Math.ceil(h / stride), Math.ceil(w / stride)];
      const padding = [same(h, oh, stride, kH), same(w, ow, stride, kW)] as [number, number];
      const name = `${h}x${w}x${c} -> ${outC}, ${kH}x${kW}${stride > 1 ? ` stride ${stride}` : ''}${bits === 4 ? ', s4' : ''}`;
      const [y, x, weights] = [heap.tensor('i8', [n, oh, ow, outC]), tensor([n, h, w, c]), tensor([outC, kH, kW, c], bits)];
      const p = rescale(outC, kH * kW * c);
      const run = convInt(heap, y, x, weights, null, { ...p, stride: [stride, stride], padding });
      run();
      const sizes = [n, h, w, c, oh, ow, outC, kH, kW, stride, stride, ...padding, 1, 1, 1];
      check(name, 'conv_s8_ref', y, x, weights, p, sizes, [p.xOffset, p.yOffset, p.yMin, p.yMax]);
      return { name, macs: n * oh * ow * outC * kH * kW * c, run };
    },

    /** 3x3, SAME padding. */
    depthwise(n: number, [h, w, c]: number[], stride: number, bits = 8): Layer {
      const [oh, ow] = [Math.ceil(h / stride), Math.ceil(w / stride)];
      const padding = [same(h, oh, stride, 3), same(w, ow, stride, 3)] as [number, number];
      const name = `${h}x${w}x${c}, 3x3${stride > 1 ? ` stride ${stride}` : ''}${bits === 4 ? ', s4' : ''}`;
      const [y, x, weights] = [heap.tensor('i8', [n, oh, ow, c]), tensor([n, h, w, c]), tensor([1, 3, 3, c], bits)];
      const p = rescale(c, 9);
      const run = depthwiseConvInt(heap, y, x, weights, null, { ...p, stride: [stride, stride], padding });
      run();
      const sizes = [n, h, w, c, oh, ow, c, 3, 3, stride, stride, ...padding, 1, 1];
      check(name, 'depthwise_conv_s8_ref', y, x, weights, p, sizes, [p.xOffset, p.yOffset, p.yMin, p.yMax]);
      return { name, macs: n * oh * ow * c * 9, run };
    },

    dense(n: number, depth: number, units: number, bits = 8): Layer {
      const name = `${n}x${depth}x${units}${bits === 4 ? ', s4' : ''}`;
      const [y, x, weights] = [heap.tensor('i8', [n, units]), tensor([n, depth]), tensor([units, depth], bits)];
      const p = rescale(1, depth);
      const run = fullyConnectedInt(heap, y, x, weights, null, p);
      run();
      check(name, 'fully_connected_s8_ref', y, x, weights, p, [n, depth, units], [p.xOffset, 0, p.yOffset, p.yMin, p.yMax]);
      return { name, macs: n * depth * units, run };
    },
  };
}
