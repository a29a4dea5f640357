import { readFileSync } from 'node:fs';
import { importTflite } from '../src/formats/tflite/index.ts';
import { type Graph, type Node, sizeOf } from '../src/graph/graph.ts';
import { type Window, windowInt } from '../src/ops/window.ts';
import { createRandom } from '../src/random.ts';
import { macsOf } from '../src/run/cost.ts';
import { layerOf } from '../src/run/layers.ts';
import { withLogits } from '../src/run/logits.ts';
import { compileTraining, type TrainingProgram } from '../src/train/program.ts';
import { winogradProducts } from '../src/wasm/conv_f32.ts';
import { Heap } from '../src/wasm/heap.ts';
import { mseF32, softmaxCrossEntropyF32 } from '../src/wasm/loss.ts';
import { adamStepF32 } from '../src/wasm/optimizer.ts';
import { convGeometry } from '../src/wasm/window.ts';
import { neededPath } from '../test/shared.ts';
import { type PyTorch, startPyTorch } from './pytorch.ts';
import { type Contender, race } from './rounds.ts';
import { type Section, table } from './section.ts';
import { tfjsStep } from './tfjs.ts';

const BATCH = 64;
/** tfjs's processor backend takes seconds for one example, in any batch. */
const TFJS_BATCH = 2;
const RATE = 1e-4;
/** Steps after which both losses must agree. */
const STEPS = 5;
const NETWORKS = [
  { name: 'ResNet8', file: 'pretrainedResnet' },
  { name: 'DS-CNN', file: 'kws_savedmodel_float' },
  { name: 'autoencoder', file: 'ad01_fp32' },
] as const;

/** A training step of each network beside PyTorch: same weights, same batch, same optimizer, the same loss after a few steps. */
export default async function train(): Promise<Section> {
  const rows: (string | number)[][] = [];
  const tfjs: string[][] = [];
  const tile = await bareTile();
  let blas = '';
  for (const { name, file } of NETWORKS) {
    const graph = withLogits(importTflite(readFileSync(neededPath(`data/models/${file}.tflite`))));
    const heap = await Heap.open();
    const ours = makeStep(heap, graph);
    let loss = 0;
    for (let i = 0; i < STEPS; i++) loss = ours.step();
    const contenders: Contender[] = [{ name: 'thumbnet', run: ours.step }];
    const peers: PyTorch[] = [];
    for (const layout of ['', 'channels_last'] as const) {
      const peer = await startPyTorch(graph, { ...ours, batch: BATCH, rate: RATE, layout });
      blas = peer.blas;
      const theirs = await peer.steps(STEPS);
      if (Math.abs(theirs - loss) > 1e-3 * Math.abs(loss)) throw new Error(`${name}: loss ${loss}, PyTorch ${theirs} ${layout}`);
      peers.push(peer);
      contenders.push({ name: `PyTorch ${layout}`.trim(), run: () => peer.steps(1), clock: peer.clock });
    }
    contenders.push(tile);
    const times = await race(contenders, { rounds: 11, millis: 250 });
    for (const peer of peers) peer.stop();
    tfjs.push([name, ...(await besideTfjs(graph, heap))]);
    const own = times[0].median / BATCH;
    const others = times.slice(1, -1).map((t) => t.median / BATCH);
    const best = Math.min(...others);
    const floor = (stepProducts(graph) * times.at(-1)!.best) / TILE_PRODUCTS;
    rows.push([
      name,
      own.toFixed(3),
      ...others.map((ms) => ms.toFixed(3)),
      (best / own).toFixed(2),
      floor.toFixed(3),
      (best / floor).toFixed(2),
      `${Math.round(heap.used / 2 ** 20)}`,
    ]);
  }
  const head = [
    'ms for each sample',
    'thumbnet',
    'PyTorch',
    'PyTorch channels_last',
    'x its best',
    'our products alone',
    'x its best',
    'our memory, MiB',
  ];
  const text = `${table(head, rows)}

PyTorch's matrix products are those of ${blas}. Losses after ${STEPS} steps from the same weights and batch agree to 1e-3. "Our products alone" is
the limit: the multiplications of a step, at the best rate of the float tile in this run, as if all else took no time. A vector of Wasm has four
lanes, and a product and its sum are two operations (one that fuses them rounds otherwise, and not every engine has it), so that a core which starts
three to four vector operations a cycle does 6 to 8 products; PyTorch's AVX-512 with fused multiply-add can do 32. Winograd's method in all three
passes of 3x3 layers (144 products become 36, with stride 2 36 become 25) makes up for a part of that; 1x1 layers have no such way around.

Beside tfjs, whose steps have ${TFJS_BATCH} examples:

${table(['ms for each sample', 'thumbnet', 'tfjs cpu', 'tfjs wasm', 'x the best of tfjs'], tfjs)}`;
  return { title: `Training step, batch ${BATCH}, Adam, one thread`, text };
}

const TILE_PRODUCTS = 512 * 128 * 512;

/** The float tile on a large product. */
async function bareTile() {
  const heap = await Heap.open();
  const { wasm } = heap;
  const [a, w, y] = [heap.tensor('f32', [512, 128]), heap.tensor('f32', [512, 128]), heap.tensor('f32', [512, 512])];
  const packed = heap.alloc(wasm.gemm_packed_f32(128, 512));
  wasm.gemm_pack_f32(packed, w.ptr, 128, 512, 4, 128 * 4);
  return { name: 'tile', run: () => wasm.gemm_f32(y.ptr, a.ptr, packed, 0, 512, 128, 512, 512, 2048, 0, -Infinity, Infinity) };
}

/** Multiplications of a step for each example: each layer forward, by its weights and, but for the first, by its input. */
function stepProducts(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => {
    if (!layerOf(node)) return sum;
    const passes = node.inputs[0] === graph.inputs[0] ? 2 : 3;
    return sum + passes * (convProducts(graph, node) ?? macsOf(graph, node));
  }, 0);
}

/** Of a convolution as the kernels do it; null for other layers. */
function convProducts({ tensors }: Graph, { op, inputs, outputs, attrs }: Node): number | null {
  if (op !== 'conv2d') return null;
  const [x, w, y] = [inputs[0], inputs[1], outputs[0]].map((t) => ({ ...tensors[t], ptr: 0 }));
  const [, kH, kW] = w.shape;
  const groups = x.shape[3] / w.shape[3];
  return winogradProducts(convGeometry(y, x, w, windowInt(attrs as unknown as Window, x.shape, [kH, kW]), groups), groups);
}

/** Our step, those of tfjs's backends that can train, and how many times as long the best of them takes. */
async function besideTfjs(graph: Graph, heap: Heap): Promise<string[]> {
  const ratios: number[] = [];
  let own = '';
  const told: string[] = [];
  for (const backend of ['cpu', 'wasm'] as const) {
    try {
      const ours = makeStep(heap, graph);
      const same = makeStep(heap, graph, TFJS_BATCH);
      const theirs = await tfjsStep(backend, graph, { ...same, size: TFJS_BATCH, rate: RATE });
      const [a, b] = [same.step(), theirs()];
      if (Math.abs(a - b) > 1e-3 * Math.abs(a)) throw new Error(`the losses differ: ${a} and ${b}`);
      const [mine, peer] = await race(
        [
          { name: 'thumbnet', run: ours.step },
          { name: backend, run: theirs },
        ],
        { rounds: 3, millis: 1 },
      );
      own = (mine.median / BATCH).toFixed(3);
      told.push((peer.median / TFJS_BATCH).toFixed(3));
      ratios.push(peer.median / TFJS_BATCH / (mine.median / BATCH));
    } catch (e) {
      told.push(`cannot: ${(e as Error).message.split(/[.\n]/)[0].slice(0, 60)}`);
    }
  }
  return [own, ...told, ratios.length ? Math.min(...ratios).toFixed(1) : '-'];
}

interface Ours {
  readonly inputs: Float32Array;
  readonly labels: readonly number[];
  /** One step; the mean loss before it. */
  step(): number;
}

function makeStep(heap: Heap, graph: Graph, batch = BATCH): Ours {
  const program = compileTraining(heap, graph, batch);
  const random = createRandom(1, 'bench/train');
  const [input] = program.inputs;
  const [{ value: output, gradient }] = program.outputs;
  const inputs = Float32Array.from({ length: sizeOf(input.shape) }, () => random.uniform() * 2 - 1);
  heap.write(input, inputs);
  const classes = sizeOf(output.shape) / batch;
  const labels = isAutoencoder(program) ? [] : Array.from({ length: batch }, () => random.below(classes));
  const losses = heap.tensor('f32', [batch]);
  const to = { loss: losses, dx: gradient, scale: 1 / batch };
  const loss = labels.length
    ? softmaxCrossEntropyF32(heap, to, output, heap.tensor('i32', [batch], labels))
    : mseF32(heap, to, output, input);
  const updates = program.parameters.map(({ value, gradient }) => {
    const [m, v] = [heap.tensor('f32', value.shape), heap.tensor('f32', value.shape)];
    return adamStepF32(heap, value, gradient, m, v);
  });
  let count = 0;
  const step = () => {
    heap.clear(gradient!);
    program.forward();
    loss();
    program.backward();
    count++;
    for (const update of updates) update(RATE, count, 1);
    return (heap.read(losses) as Float32Array).reduce((s, v) => s + v, 0) / batch;
  };
  return { inputs, labels, step };
}

const isAutoencoder = ({ inputs, outputs }: TrainingProgram) => sizeOf(inputs[0].shape) === sizeOf(outputs[0].value.shape);
