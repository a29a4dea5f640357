/** Weights removed by unstructured pruning stay 0 through every later stage. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distill } from '../../src/distill/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { createRandom } from '../../src/random.ts';
import { simplify } from '../../src/simplify/index.ts';
import type { Stage } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { contextOf, network } from '../train/networks.ts';

/** Half of the weights of every layer at 0 and masked. */
function masked(graph: Graph): Graph {
  const random = createRandom(1, 'test/mask');
  const tensors = graph.tensors.map((t) => {
    if (!t.data || t.shape.length < 2) return t;
    const mask = Uint8Array.from(t.data as Float32Array, () => (random.uniform() < 0.5 ? 0 : 1));
    return { ...t, mask, data: (t.data as Float32Array).map((w, i) => w * mask[i]) };
  });
  return { ...graph, tensors };
}

const layers = ({ nodes, tensors }: Graph) =>
  nodes.flatMap((n) => n.inputs.slice(1, 2).map((t) => tensors[t])).filter((t) => t?.data && t.shape.length > 1);

const short = { epochs: 0.2, batch: 32 } as const;
const quick = { examples: 64 } as const;
const STAGES: Readonly<Record<string, readonly Stage[]>> = {
  'prune without handing over': [prune({ ratio: 0.3, reconstruct: 'none' })],
  'prune, consumers take over': [prune({ ratio: 0.3, reconstruct: 'consumers' })],
  'prune, all layers take over': [prune({ ratio: 0.3 })],
  'prune globally': [prune({ ratio: 0.3, scope: 'global', criterion: 'l2' })],
  'prune single weights': [prune({ kind: 'weights', ratio: 0.6 })],
  'prune single weights globally': [prune({ kind: 'weights', ratio: 0.55, scope: 'global' })],
  'prune blocks': [prune({ kind: 'blocks', ratio: 0.2 })],
  quantize: [quantize(quick)],
  finetune: [finetune(short)],
  'finetune with averaged weights': [finetune({ ...short, ema: 0.9, optimizer: 'sgd', weightDecay: 0.01 })],
  'train with fake quantization': [quantize(quick), finetune(short)],
  'train with learned scales': [quantize({ ...quick, weightBits: 4 }), finetune({ ...short, qat: 'learned' })],
  distill: [distill(short)],
  'distill narrower': [distill({ ...short, width: 0.5 })],
  simplify: [simplify()],
  'simplify, prune, distill, quantize': [simplify(), prune({ ratio: 0.3 }), distill(short), quantize(quick)],
};

const model = { graph: masked(network()), facts: {} };

for (const [name, stages] of Object.entries(STAGES)) {
  test(`${name}: a mask survives, and what it hides is 0`, async () => {
    const { graph, facts } = await runPipeline(model, stages, contextOf(model));
    assert.is(layers(graph).length, 4);
    for (const { mask, data, name: tensor } of layers(graph)) {
      assert.ok(mask && mask.length === data!.length, `${tensor} has no mask of its size`);
      const hidden = mask.reduce((n, kept) => n + 1 - kept, 0);
      assert.ok(hidden > 0.3 * mask.length && hidden < 0.7 * mask.length, `${tensor}: ${hidden} of ${mask.length}`);
      assert.ok(
        mask.every((kept, i) => kept || data![i] === 0),
        `${tensor}: a weight came back`,
      );
      assert.ok((data as Float32Array).some((w) => w !== 0));
    }
    if (!facts.quantize) return;
    const zeros = layers(toInteger(graph)).map(({ data }) => (data as Int8Array).filter((w) => w === 0).length / data!.length);
    assert.ok(zeros.every((share) => share > 0.3));
  });
}

test.run();
