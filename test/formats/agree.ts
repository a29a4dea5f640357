/** What tests of formats compare: answers of networks, in the order of axes of their files. */
import * as assert from 'uvu/assert';
import { toFileOrder, toGraphOrder } from '../../src/graph/file_order.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { compile } from '../../src/run/compile.ts';
import type { Heap } from '../../src/wasm/heap.ts';

/** The bound: 1e-4 of the tensor's largest value. Of large outputs files hold the first values. */
export function close(found: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const largest = Array.from(expected, Math.abs).reduce((a, b) => Math.max(a, b), 1e-9);
  assert.ok(found.length >= expected.length, what);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(found[i] - expected[i]) <= 1e-4 * largest, `${what}: element ${i} is ${found[i]}, not ${expected[i]}`);
}

/** Outputs by name, to inputs by name. */
export function runInFileOrder(
  heap: Heap,
  graph: Graph,
  inputs: Readonly<Record<string, Float32Array>>,
): Record<string, Float32Array> {
  return heap.scope(() => {
    const program = compile(heap, graph);
    graph.inputs.forEach((t, i) => {
      heap.write(program.inputs[i], toGraphOrder(graph.tensors[t], inputs[graph.tensors[t].name]));
    });
    program.run();
    return Object.fromEntries(
      graph.outputs.map((t, i) => [
        graph.tensors[t].name,
        toFileOrder(graph.tensors[t], heap.read(program.outputs[i]) as Float32Array),
      ]),
    );
  });
}
