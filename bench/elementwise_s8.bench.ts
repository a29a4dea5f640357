import { Heap } from '../src/wasm/heap.ts';
import { race } from './rounds.ts';
import { needSameValues } from './same_values.ts';
import { type Section, table } from './section.ts';

/** ResNet8's first residual sum: 32 x 32 x 16. */
const N = 16384;
const ADD = [128, 2 ** 30, 0, 77, 1518500250, -1, 20, -128, 1673741824, -18, -128, 127] as const;
const MUL = [128, 77, -128, 1673741824, -9, -128, 127] as const;
const POOL = [1, 32, 32, 16, 16, 16, 2, 2, 2, 2, 0, 0, -128, 127] as const;
const SOFTMAX = [1673741824, 22, -100] as const;

/** The int8 kernels that are no matrix products, beside their plain twins. */
export default async function elementwise(): Promise<Section> {
  const heap = await Heap.open();
  const { wasm } = heap;
  const values = Int8Array.from({ length: N }, (_, i) => (i * 7919 + (i >> 3) * 31) & 255);
  const [x1, x2] = [heap.tensor('i8', [N], values), heap.tensor('i8', [N], values.toReversed())];
  const [y, want] = [heap.tensor('i8', [N]), heap.tensor('i8', [N])];
  const exp = heap.alloc(1024);
  wasm.softmax_table(exp, ...SOFTMAX);
  const kernels: [string, number, (y: number) => void, (y: number) => void][] = [
    [
      'add',
      N,
      (to) => wasm.elementwise_add_s8(to, x1.ptr, x2.ptr, N, ...ADD),
      (to) => wasm.elementwise_add_s8_ref(to, x1.ptr, x2.ptr, N, ...ADD),
    ],
    [
      'mul',
      N,
      (to) => wasm.elementwise_mul_s8(to, x1.ptr, x2.ptr, N, ...MUL),
      (to) => wasm.elementwise_mul_s8_ref(to, x1.ptr, x2.ptr, N, ...MUL),
    ],
    ['average of 2x2', N, (to) => wasm.avg_pool_s8(to, x1.ptr, ...POOL), (to) => wasm.avg_pool_s8_ref(to, x1.ptr, ...POOL)],
    ['maximum of 2x2', N, (to) => wasm.max_pool_s8(to, x1.ptr, ...POOL), (to) => wasm.max_pool_s8_ref(to, x1.ptr, ...POOL)],
    [
      'mean of 8x8',
      N,
      (to) => wasm.mean_s8(to, x1.ptr, 4, 64, 64, 0, 0, 1173741824, -6, -128, 127),
      (to) => wasm.mean_s8_ref(to, x1.ptr, 4, 64, 64, 0, 0, 1173741824, -6, -128, 127),
    ],
    [
      'softmax of 10',
      10240,
      (to) => wasm.softmax_s8(to, x1.ptr, 1024, 10, exp),
      (to) => wasm.softmax_s8_ref(to, x1.ptr, 1024, 10, ...SOFTMAX),
    ],
  ];
  const rows: (string | number)[][] = [];
  for (const [name, elements, fast, plain] of kernels) {
    const contenders = [
      { name: 'SIMD', run: () => fast(y.ptr) },
      { name: 'plain', run: () => plain(want.ptr) },
    ];
    for (const { run } of contenders) run();
    needSameValues(heap, name, y, want);
    const [ours, twin] = await race(contenders, { millis: 30 });
    const each = (ms: number) => ((ms * 1e6) / elements).toFixed(2);
    rows.push([name, each(ours.median), each(ours.best), (twin.median / ours.median).toFixed(1)]);
  }
  const text = table(['int8 kernel', 'ns for each input, median', 'best', 'x plain twin'], rows);
  return {
    title: 'Int8 kernels that are no matrix products, one thread',
    text: `${text}\n\nThe sum of two tensors is bound by its rescalings. For each four values the last one takes two products of 64 bits, a shuffle, two shifts and an addition; that of\nthe input with the smaller scale takes two products of 32 bits, a shift and two additions.`,
  };
}
