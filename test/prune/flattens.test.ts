/** Dense layers that read an image as one row, without a reshape before them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { exportTflite, finetune, loadModel, type Model, quantize, runPipeline, simplifyGraph } from '../../src/index.ts';
import { asStored } from '../../src/model.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { compile } from '../../src/run/compile.ts';
import { withFlattens, withoutFlattens } from '../../src/run/flattens.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const FILTERS = 6;

/** Two branches that a residual sum ties; the image and its sum are both read as rows. */
function network(seed: number): Graph {
  const net = buildNetwork(`flat${seed}`, [5, 4, 2], seed);
  const a = net.conv2d(net.input, FILTERS, { kernel: [3, 3], activation: 'relu' });
  const b = net.conv2d(a, FILTERS, { kernel: [1, 1] });
  const sum = net.add(a, b, { activation: 'relu' });
  return net.finish(net.add(net.dense(sum, 3), net.dense(net.maxPool2d(a, [2, 2]), 3)));
}

const read = async (graph: Graph): Promise<Model> => loadModel(exportTflite({ graph, facts: {} }));

function answers(graph: Graph): number[] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    const random = createRandom(2, 'test/flattens');
    const [x] = program.inputs;
    heap.write(
      x,
      Float64Array.from({ length: sizeOf(x.shape) }, () =>
        x.dtype === 'f32' ? random.uniform() - 0.5 : random.below(255) - 127,
      ),
    );
    program.run();
    return Array.from(heap.read(program.outputs[0]), Number);
  });
}

/** With weights and biases of the filters that are not in `kept` zero. */
function silenced(graph: Graph, kept: Graph): Graph {
  const filters = (g: Graph, node: number) => g.tensors[g.nodes[node].inputs[1]];
  const convs = graph.nodes.flatMap(({ op }, i) => (op === 'conv2d' ? [i] : []));
  const keptConvs = kept.nodes.flatMap(({ op }, i) => (op === 'conv2d' ? [i] : []));
  const tensors = [...graph.tensors];
  // A filter of the first layer that is kept is there number by number; those of the second go with them.
  const size = 18;
  const rows = (g: Graph, node: number) => {
    const data = filters(g, node).data as Float32Array;
    return Array.from({ length: data.length / size }, (_, i) => data.subarray(i * size, (i + 1) * size).join());
  };
  const left = new Set(rows(kept, keptConvs[0]));
  const gone = rows(graph, convs[0]).map((row) => !left.has(row));
  for (const n of convs) {
    for (const t of graph.nodes[n].inputs.slice(1)) {
      const { data } = tensors[t];
      const each = data!.length / FILTERS;
      tensors[t] = { ...tensors[t], data: (data as Float32Array).map((v, i) => (gone[Math.floor(i / each)] ? 0 : v)) };
    }
  }
  return { ...graph, tensors };
}

test('what is left computes the same as with those channels zeroed', async () => {
  for (const seed of [1, 2, 3]) {
    const model = await read(network(seed));
    const context = { heap, data: null, seed, original: model };
    for (const ratio of [0.2, 0.5, 0.99]) {
      const cut = asStored(await prune({ ratio, reconstruct: 'none' }).run(model, context));
      const dense = cut.nodes.filter((n) => n.op === 'fullyConnected');
      const kept = FILTERS - Math.min(FILTERS - 1, Math.round(ratio * FILTERS));
      assert.equal(
        dense.map((n) => cut.tensors[n.inputs[1]].shape).sort(),
        [
          [3, 20 * kept],
          [3, 4 * kept],
        ].sort(),
      );
      const [got, wanted] = [answers(cut), answers(silenced(asStored(model), cut))];
      assert.ok(wanted.some((v) => Math.abs(v) > 1e-3));
      // sums of fewer products may be taken in another order
      for (const [i, v] of got.entries()) assert.ok(Math.abs(v - wanted[i]) < 1e-5, `${seed}, ${ratio}: ${v} for ${wanted[i]}`);
    }
  }
});

test('the file has no reshape that it did not have, and nothing else changes', async () => {
  const graph = network(4);
  const model = await read(graph);
  assert.is(channelGroups(model.graph).length, 1);
  assert.is(model.graph.nodes.filter((n) => n.op === 'reshape').length, 2);
  assert.equal(exportTflite(model), exportTflite({ graph, facts: {} }));
  assert.is(withFlattens(model.graph), model.graph);
  assert.is(withoutFlattens(graph), graph);
  assert.is(simplifyGraph(heap, graph).graph, graph);
});

test('channels that never change are found behind it', async () => {
  const graph = network(5);
  const none = silenced(graph, {
    ...graph,
    nodes: graph.nodes.map((n) => ({ ...n, inputs: [...n.inputs] })),
    tensors: graph.tensors.map((t, i) =>
      i === graph.nodes[0].inputs[1] ? { ...t, data: (t.data as Float32Array).subarray(0, 3 * 18) } : t,
    ),
  });
  const { graph: simpler } = simplifyGraph(heap, none);
  assert.not.ok(simpler.nodes.some((n) => n.op === 'reshape'));
  const dense = simpler.nodes.filter((n) => n.op === 'fullyConnected').map((n) => simpler.tensors[n.inputs[1]].shape[1]);
  assert.equal(dense, [60, 12]);
  const [got, wanted] = [answers(simpler), answers(none)];
  for (const [i, v] of got.entries()) assert.ok(Math.abs(v - wanted[i]) < 1e-5);
});

test('quantized, trained and cut again: integers without a reshape', async () => {
  const model = await read(network(6));
  const random = createRandom(6, 'test/flattens/data');
  const part = {
    count: 40,
    inputs: [Float32Array.from({ length: 40 * 40 }, () => random.uniform() - 0.5)],
    y: Int32Array.from({ length: 40 }, () => random.below(3)),
  };
  const inputs = [{ name: 'x', shape: [5, 4, 2] }];
  const about = {
    name: 'random',
    classes: 3,
    normalization: { scale: 1, mean: [0], std: [1] },
    layout: 'nhwc' as const,
    sourceFiles: [],
    notes: [],
  };
  const data = { ...about, inputs, train: part, validation: part, test: null };
  const stages = [quantize(), prune({ ratio: 0.5 }), finetune({ epochs: 1, batch: 8 })];
  const made = await runPipeline(model, stages, { heap, data, original: model });
  const stored = asStored(made);
  assert.equal(
    stored.nodes.map((n) => n.op),
    ['conv2d', 'conv2d', 'add', 'fullyConnected', 'maxPool2d', 'fullyConnected', 'add'],
  );
  const again = await loadModel(exportTflite(made));
  assert.equal(answers(asStored(again)), answers(stored));
  const once = await runPipeline(again, [prune({ ratio: 0.4 })], { heap, data });
  assert.equal(
    asStored(once)
      .nodes.filter((n) => n.op === 'fullyConnected')
      .map((n) => asStored(once).tensors[n.inputs[1]].shape),
    [
      [3, 40],
      [3, 8],
    ],
  );
});

test.run();
