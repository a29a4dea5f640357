/** What stages promise, on random networks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import { compact, type Graph, type Node, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { channelGroups, cutOf, type Unit } from '../../src/prune/groups.ts';
import { prune } from '../../src/prune/index.ts';
import { equalized } from '../../src/quant/equalize.ts';
import { quantize } from '../../src/quant/index.ts';
import { createRandom } from '../../src/random.ts';
import { type Cut, cutChannels } from '../../src/run/channels.ts';
import { compile } from '../../src/run/compile.ts';
import { layerOf } from '../../src/run/layers.ts';
import { drawExamples } from '../../src/run/observe.ts';
import { findProblem } from '../../src/run/verify.ts';
import { foldActivations } from '../../src/simplify/activation.ts';
import { foldAffine } from '../../src/simplify/affine.ts';
import { simplify } from '../../src/simplify/index.ts';
import { foldNorms } from '../../src/simplify/norm.ts';
import type { Stage } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { randomFloat } from './random_float.ts';

const heap = await Heap.open();
const SEEDS = Array.from({ length: 60 }, (_, i) => i);

function answer(graph: Graph, seed: number): Float32Array {
  return heap.scope(() => {
    const program = compile(heap, graph);
    const random = createRandom(seed, 'test/input');
    const [input] = program.inputs;
    heap.write(
      input,
      Float32Array.from({ length: sizeOf(input.shape) }, () => random.uniform() - 0.5),
    );
    program.run();
    return heap.read(program.outputs[0]) as Float32Array;
  });
}

function close(a: Float32Array, b: Float32Array, tolerance: number, what: string): void {
  const size = Math.max(1, ...a.map(Math.abs));
  a.forEach((v, i) => {
    assert.ok(Math.abs(v - b[i]) <= tolerance * size, `${what}: ${i} is ${b[i]}, not ${v}`);
  });
}

/** About half of the units of each group, never all. */
function someUnits(graph: Graph, seed: number): Unit[] {
  const random = createRandom(seed, 'test/units');
  return channelGroups(graph).flatMap(({ units }) => {
    const stays = random.below(units.length);
    return units.filter((_, i) => i !== stays && random.uniform() < 0.5);
  });
}

/** The graph as it is, with a product behind each tensor that brings the channels of a cut to zero. */
function zeroed(graph: Graph, cut: Cut): Graph {
  const tensors: Tensor[] = [...graph.tensors];
  const now = new Map<number, number>();
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const own = { ...node, inputs: node.inputs.map((t) => now.get(t) ?? t) };
    const products = node.outputs.flatMap((t): Node[] => {
      const removed = cut.get(t);
      if (!removed) return [];
      const { name, shape } = graph.tensors[t];
      const data = Float32Array.from(removed, (r) => 1 - r);
      const factor = tensors.push({ name: `${name}/factor`, shape: [data.length], dtype: 'f32', data, quant: null }) - 1;
      const y = tensors.push({ name: `${name}/zeroed`, shape, dtype: 'f32', data: null, quant: null }) - 1;
      now.set(t, y);
      return [{ name: `${name}/zeroed`, op: 'mul', inputs: [t, factor], outputs: [y], attrs: { activation: 'none' } }];
    });
    return [own, ...products];
  });
  return compact({ ...graph, tensors, nodes });
}

test('prune: the rest computes the same as with those channels zeroed', () => {
  const ops = new Set<string>();
  let cuts = 0;
  for (const seed of SEEDS) {
    const graph = randomFloat(seed);
    const cut = cutOf(graph, someUnits(graph, seed));
    if (cut.size === 0) continue;
    const smaller = cutChannels(graph, cut);
    assert.is(findProblem(smaller), null, `seed ${seed}`);
    // float32: sums are taken in other orders.
    close(answer(zeroed(graph, cut), seed), answer(smaller, seed), 1e-5, `seed ${seed}`);
    for (const { op, inputs, attrs } of graph.nodes) {
      const kind = op === 'conv2d' && (attrs.groups as number) > 1 ? 'grouped' : op === 'split' ? `split ${attrs.axis}` : op;
      if (cut.has(inputs[0])) ops.add(kind);
    }
    cuts++;
  }
  assert.ok(cuts > 50);
  for (const op of [
    'grouped',
    'split 3',
    'split 1',
    'transpose',
    'reshape',
    'concat',
    'depthwiseConv2d',
    'add',
    'mean',
    'batchNorm',
  ])
    assert.ok(ops.has(op), `no cut reached ${op}`);
});

test('folding and equalization change no float answer beyond rounding', () => {
  for (const seed of SEEDS.slice(0, 30)) {
    const graph = randomFloat(seed);
    const before = answer(graph, seed);
    const folded = foldAffine(foldActivations(foldNorms(graph)));
    close(before, answer(folded, seed), 2e-5, `folded, seed ${seed}`);
    const examples = drawExamples(dataFor(graph), 8, seed, 'test/examples');
    close(answer(folded, seed), answer(equalized(heap, folded, examples), seed), 1e-6, `equalized, seed ${seed}`);
  }
});

function dataFor(graph: Graph): Dataset {
  const { shape } = graph.tensors[graph.inputs[0]];
  const random = createRandom(1, 'test/data');
  const count = 24;
  const x = Float32Array.from({ length: count * sizeOf(shape) }, () => random.uniform() - 0.5);
  const part = { inputs: [x], y: Int32Array.from({ length: count }, (_, i) => i % 5), count };
  return {
    ...{
      name: 'random',
      inputs: [{ name: 'input', shape: shape.slice(1) }],
      classes: 5,
      train: part,
      validation: part,
      test: null,
    },
    ...{ normalization: { scale: 1, mean: [0], std: [1] }, layout: 'nhwc', sourceFiles: [], notes: [] },
  };
}

const brief = { epochs: 1, batch: 8 } as const;
const LATER: Readonly<Record<string, readonly Stage[]>> = {
  'prune channels': [prune({ ratio: 0.3 })],
  'prune blocks': [prune({ kind: 'blocks', ratio: 0.2 })],
  finetune: [finetune(brief)],
  'distill a narrower student': [distill({ ...brief, width: 0.7 })],
  'quantize, learned rounding': [quantize({ examples: 8, rounding: 'learned' })],
  '4 bits, trained with learned scales': [quantize({ examples: 8, weightBits: 4 }), finetune({ ...brief, qat: 'learned' })],
  simplify: [simplify()],
};

for (const [name, stages] of Object.entries(LATER)) {
  test(`a mask survives: ${name}`, async () => {
    for (const seed of SEEDS.slice(0, 4)) {
      const model = { graph: randomFloat(seed), facts: {} };
      const context = { heap, data: dataFor(model.graph), seed, original: model };
      const { graph } = await runPipeline(model, [prune({ kind: 'weights', ratio: 0.5 }), ...stages], context);
      let masks = 0;
      for (const node of graph.nodes) {
        const weights = graph.tensors[layerOf(node)?.weights ?? -1];
        if (!weights?.mask) continue;
        masks++;
        assert.is(weights.mask.length, weights.data!.length);
        assert.ok(
          weights.mask.every((kept, i) => kept || weights.data![i] === 0),
          `seed ${seed}, ${weights.name}`,
        );
      }
      assert.is(masks, graph.nodes.filter(layerOf).length, `seed ${seed}`);
    }
  });
}

test.run();
