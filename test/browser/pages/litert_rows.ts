import { exportTflite } from '../../../src/formats/tflite/export.ts';
import { type Graph, sizeOf } from '../../../src/graph/graph.ts';
import { OPS } from '../../../src/ops/index.ts';
import { createRandom } from '../../../src/random.ts';
import { compile } from '../../../src/run/compile.ts';
import { Heap } from '../../../src/wasm/heap.ts';
import { graphOf, INTEGER, isWritable, samplesOf } from '../../formats/row_graphs.ts';
import { withFloatInputs } from '../float_input.ts';
import type { PageContext, PageResult } from '../page.ts';

export const browsers = ['chromium'] as const;

/** Float: sums in another order. Integers: their optimized kernels may round some sums another way, by one step. */
const TOLERANCE = 2e-5;

/** Which operators LiteRT.js does not load in this form. */
const NOT_THERE = new Set(['elu i8']);
/** Defined for numbers from 0, or above it. */
const ROOTS = new Set(['sqrt', 'rsqrt']);

/** Each operator alone, written by Thumbnet, in TensorFlow Lite's own interpreter (LiteRT.js): it loads and answers as the engine. */
export default async function litertRows({ list }: PageContext): Promise<PageResult> {
  if (!(await list('peers/@litertjs/core')).length)
    return { passed: 0, failures: [], skipped: '@litertjs/core is not installed under bench/' };
  const { loadLiteRt } = await import('@litertjs/core');
  await loadLiteRt('/peers/@litertjs/core/wasm/');
  const heap = await Heap.open({ rounding: 'single' });
  const failures: string[] = [];
  let passed = 0;
  for (const [op, row] of Object.entries(OPS)) {
    if (!row.tflite || op in INTEGER) continue;
    for (const [i, sample] of samplesOf(op).entries()) {
      for (const dtype of ['f32', 'i8'] as const) {
        if (!isWritable(op, sample) || (dtype === 'f32' ? !row.float : !row.lower)) continue;
        if (NOT_THERE.has(`${op} ${dtype}`)) continue;
        const name = `${op}, sample ${i}, ${dtype}`;
        try {
          const graph = graphOf(op, sample, dtype);
          const worst = await difference(heap, graph, ROOTS.has(op));
          if (worst <= 1) passed++;
          else failures.push(`${name}: ${worst.toFixed(2)} times the tolerance away`);
        } catch (e) {
          failures.push(`${name}: ${e instanceof Error ? e.message : String(e)}`);
        }
      }
    }
  }
  return { passed, failures };
}

/** Largest difference of an output, in tolerances. */
async function difference(heap: Heap, graph: Graph, positive: boolean): Promise<number> {
  const { loadAndCompile, Tensor: LiteRtTensor } = await import('@litertjs/core');
  const bytes = exportTflite(withFloatInputs(graph));
  const random = createRandom(2, 'test/rows/run');
  const values = graph.inputs.map((t) => {
    const { shape, dtype, quant } = graph.tensors[t];
    const zero = quant?.zeros[0] ?? 0;
    return Float32Array.from({ length: sizeOf(shape) }, () => {
      if (dtype === 'f32') return random.uniform() + (positive ? 0.1 : -0.5);
      return positive ? zero + 1 + random.below(127 - zero) : random.below(200) - 100;
    });
  });
  const ours = heap.scope(() => {
    const program = compile(heap, graph);
    values.forEach((v, i) => {
      heap.write(program.inputs[i], v);
    });
    program.run();
    return program.outputs.map((y) => heap.read(y));
  });
  const theirs = await loadAndCompile(bytes, { accelerator: 'wasm' });
  const given = graph.inputs.map((t, i) => {
    const { quant, shape } = graph.tensors[t];
    const real = quant ? values[i].map((q) => quant.scales[0] * (q - quant.zeros[0])) : values[i];
    return new LiteRtTensor(real, shape);
  });
  const answers = await theirs.run(given);
  let worst = 0;
  for (const [k, t] of graph.outputs.entries()) {
    const { quant } = graph.tensors[t];
    const expected = Float32Array.from(ours[k] as ArrayLike<number>, (q) =>
      quant ? quant.scales[0] * (Number(q) - quant.zeros[0]) : Number(q),
    );
    const got = await answers[k].data();
    if (got.length !== expected.length) throw new Error(`output of ${got.length} instead of ${expected.length} values`);
    const largest = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
    const tolerance = quant ? 1.01 * quant.scales[0] : TOLERANCE * largest;
    expected.forEach((v, i) => {
      const d = Math.abs(v - got[i]) / tolerance;
      worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(worst, d);
    });
  }
  for (const t of [...given, ...answers]) t.delete();
  theirs.delete();
  return worst;
}
