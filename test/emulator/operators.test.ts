import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { CompressError } from '../../src/errors.ts';
import type { DType, Graph } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { stepOf } from '../../src/run/kernel_step.ts';
import { lowered } from '../../src/run/lower.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { mergeGraphs } from '../c/merge.ts';
import { graphOf, samplesOf } from '../formats/row_graphs.ts';
import { chipOf, hasTools } from './tools.ts';

const test = suite('every operator in C');
const heap = await Heap.open();

/** Whether the engine itself runs this graph of one node. */
function runs(graph: Graph): boolean {
  return heap.scope(() => {
    try {
      const operands = graph.tensors.map((t) => ({ ...t, ...heap.tensor(t.dtype, t.shape, t.data ?? undefined) }));
      const call = lowered(graph.nodes[0], operands);
      if (call) stepOf(heap, call);
      return call !== null;
    } catch (e) {
      if (e instanceof CompressError) return false;
      throw e;
    }
  });
}

/** One graph of all samples of all operators that the engine runs on a type. */
function allOf(dtype: DType): { graph: Graph; operators: Set<string> } {
  // The hidden state of an LSTM is of its output's type.
  const typed = (g: Graph): Graph => ({
    ...g,
    tensors: g.tensors.map((t) => (t.variable && t.dtype === 'i8' ? { ...t, dtype } : t)),
  });
  const graphs = Object.keys(OPS).flatMap((op) => samplesOf(op).map((sample) => typed(graphOf(op, sample, dtype))));
  const running = graphs.filter((g) => OPS[g.nodes[0].op].lower && runs(g));
  return { graph: mergeGraphs(running), operators: new Set(running.map((g) => g.nodes[0].op)) };
}

for (const dtype of ['i8', 'i16'] as const) {
  for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
    test(`samples of every operator on ${dtype}: ${core}`, async () => {
      if (!hasTools) return;
      const { graph, operators } = allOf(dtype);
      const wanted =
        dtype === 'i8' ? Object.keys(OPS).filter((op) => OPS[op].lower && samplesOf(op).length) : ['lstm', 'conv2d', 'softmax'];
      for (const op of wanted) assert.ok(operators.has(op), `${op} has no sample that runs`);
      const { difference } = await verifyGraph(heap, graph, chipOf(core), {
        inputs: 3,
        flags: ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'],
      });
      assert.equal(difference, null);
    });
  }
}

test.run();
