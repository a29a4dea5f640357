import { Heap } from '../src/wasm/heap.ts';
import { race } from './rounds.ts';
import { needSameValues } from './same_values.ts';
import { type Section, table } from './section.ts';

/** Rows, depth and columns of products that real layers make. */
const SIZES = [
  [1024, 144, 16, 'ResNet8, 16 channels'],
  [256, 288, 32, 'ResNet8, 32 channels'],
  [64, 576, 64, 'ResNet8, 64 channels'],
  [8000, 64, 64, 'DS-CNN pointwise, batch 64'],
  [64, 640, 128, 'autoencoder, batch 64'],
  [512, 128, 512, 'large'],
] as const;

/** The float tile (4 rows by 8 columns, multiply and add apart) beside its plain twin. */
export default async function floatGemm(): Promise<Section> {
  const heap = await Heap.open();
  const { wasm } = heap;
  const rows: (string | number)[][] = [];
  for (const [m, k, n, what] of SIZES) {
    const [fast, plain] = await heap.exclusive(async () => {
      const fill = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 255) / 128 - 1);
      const [a, w] = [heap.tensor('f32', [m, k], fill(m * k)), heap.tensor('f32', [n, k], fill(n * k))];
      const [y, want] = [heap.tensor('f32', [m, n]), heap.tensor('f32', [m, n])];
      const packed = heap.alloc(wasm.gemm_packed_f32(k, n));
      wasm.gemm_pack_f32(packed, w.ptr, k, n, 4, k * 4);
      const contenders = [
        { name: 'tile', run: () => wasm.gemm_f32(y.ptr, a.ptr, packed, 0, m, k, n, k * 4, n * 4, 0, -Infinity, Infinity) },
        { name: 'plain', run: () => wasm.gemm_f32_ref(want.ptr, a.ptr, w.ptr, 0, m, k, n, -Infinity, Infinity) },
      ];
      for (const { run } of contenders) run();
      // The tile sums in the same order as its twin.
      needSameValues(heap, what, y, want);
      return race(contenders, { millis: 40 });
    });
    const rate = (ms: number) => (m * k * n) / ms / 1e6;
    rows.push([
      what,
      `${m}x${k}x${n}`,
      rate(fast.median).toFixed(1),
      rate(fast.best).toFixed(1),
      (plain.median / fast.median).toFixed(1),
    ]);
  }
  const text = table(['product', 'rows x depth x columns', 'GMAC/s, median', 'best', 'x plain twin'], rows);
  return {
    title: 'Float matrix product, one thread',
    text: `${text}\n\nA round of the tile is 2 loads, 4 splats, 8 multiplications and 8 additions for 32 MACs: 16 floating-point operations of four lanes, so 8 MACs a
cycle on a core that starts two multiplications and two additions in one.`,
  };
}
