import { type Dataset, loadDataset, planBatch, takeBatch } from '../../../src/data/index.ts';
import { distill } from '../../../src/distill/index.ts';
import { exportTflite } from '../../../src/formats/tflite/export.ts';
import { importTflite } from '../../../src/formats/tflite/index.ts';
import { type Graph, isInteger, sizeOf, type Tensor, type Values } from '../../../src/graph/graph.ts';
import { runPipeline } from '../../../src/pipeline.ts';
import { prune } from '../../../src/prune/index.ts';
import { quantize, toInteger } from '../../../src/quant/index.ts';
import { compile } from '../../../src/run/compile.ts';
import type { Stage } from '../../../src/stage.ts';
import { Heap } from '../../../src/wasm/heap.ts';
import { withFloatInputs } from '../float_input.ts';
import type { PageContext, PageResult } from '../page.ts';

export const browsers = ['chromium'] as const;

const EXAMPLES = 200;
/** Share of the examples that must agree within one step. */
const SHARE = 0.95;
/** Of a float output's largest magnitude: the two sum in another order. */
const TOLERANCE = 1e-4;

interface Case {
  readonly name: string;
  readonly model: string;
  /** Folder of `train.npz` and `test.npz`, or a file of examples. */
  readonly data: string;
  readonly scale?: number;
  /** Made of the model before it is written as integers. */
  readonly stages?: readonly Stage[];
}

const CIFAR = { model: 'pretrainedResnet', data: 'cifar10' };
const KWS = { model: 'kws_savedmodel_float', data: 'kws01/test_mfcc.npz' };
const CASES: readonly Case[] = [
  { name: 'ResNet8 float', ...CIFAR },
  { name: 'ResNet8 int8 as given', model: 'pretrainedResnet_quant', data: 'cifar10' },
  { name: 'ResNet8 quantized', ...CIFAR, stages: [quantize()] },
  { name: 'ResNet8 quantized, 4-bit weights', ...CIFAR, stages: [quantize({ weightBits: 4 })] },
  { name: 'ResNet8 pruned, quantized', ...CIFAR, stages: [prune({ ratio: 0.25, multiple: 4 }), quantize()] },
  {
    name: 'ResNet8 pruned, quantized, distilled',
    ...CIFAR,
    stages: [prune({ ratio: 0.25 }), quantize(), distill({ teacher: 'original', epochs: 0.3 })],
  },
  { name: 'DS-CNN float', ...KWS },
  { name: 'DS-CNN quantized, 4-bit weights', ...KWS, stages: [quantize({ weightBits: 4 })] },
  { name: 'DS-CNN int8 as given', model: 'kws_ref_model', data: 'kws01/test_mfcc.npz' },
  { name: 'MobileNetV1-0.25 int8 as given', model: 'vww_96_int8', data: 'vww01/test.npz', scale: 1 / 255 },
];

/**
 * Files written by Thumbnet load in TensorFlow Lite's own interpreter (LiteRT.js) and answer as the engine here does. Its XNNPACK kernels
 * rescale with one rounding, so they are held against the engine's single rounding. Depthwise layers with 4-bit weights have no XNNPACK
 * kernel: TensorFlow Lite's own runs, which rounds twice as CMSIS-NN does by default. Through a dozen layers the few steps between the two
 * roundings reach the output, so each layer is run with the rounding that it meets there.
 */
export default async function litert({ file, list }: PageContext): Promise<PageResult> {
  if (!(await list('shared/data/models')).length)
    return { passed: 0, failures: [], skipped: 'the models under shared/ are absent' };
  const { loadLiteRt } = await import('@litertjs/core');
  await loadLiteRt('/peers/@litertjs/core/wasm/');
  const heaps = { single: await Heap.open({ rounding: 'single' }), double: await Heap.open({ rounding: 'double' }) };
  const failures: string[] = [];
  const notes: string[] = [];
  let passed = 0;
  for (const { name, model, data, scale, stages } of CASES) {
    try {
      const dataset = await loadDataset(await sources(data, file), scale ? { scale } : {});
      const graph = await make(heaps.single, importTflite((await file(`shared/data/models/${model}.tflite`))!), dataset, stages);
      const share = await agreement(heaps, graph, dataset);
      const line = `${name}: ${(100 * share).toFixed(1)} % of ${EXAMPLES} examples agree`;
      notes.push(line);
      if (share >= SHARE) passed++;
      else failures.push(line);
    } catch (e) {
      failures.push(`${name}: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`);
    }
  }
  return { passed, failures, notes };
}

async function sources(data: string, file: PageContext['file']): Promise<Record<string, Uint8Array>> {
  const names = data.endsWith('.npz') ? [data] : ['train.npz', 'test.npz'].map((name) => `${data}/${name}`);
  return Object.fromEntries(await Promise.all(names.map(async (n) => [n.split('/').at(-1), await file(`shared/data/${n}`)])));
}

async function make(heap: Heap, graph: Graph, data: Dataset, stages?: readonly Stage[]): Promise<Graph> {
  if (!stages) return graph;
  const original = { graph, facts: {} };
  return toInteger((await runPipeline(original, stages, { heap, data, seed: 1, original })).graph);
}

/** Share of the examples whose whole output is the same within one step (integer) or the tolerance (float). */
async function agreement(heaps: Heaps, graph: Graph, dataset: Dataset): Promise<number> {
  const { loadAndCompile, Tensor: LiteRtTensor } = await import('@litertjs/core');
  const input = graph.tensors[graph.inputs[0]];
  const output = graph.tensors[graph.outputs[0]];
  const theirs = await loadAndCompile(exportTflite(withFloatInputs(graph)), { accelerator: 'wasm' });
  const plan = planBatch(dataset, [input]);
  let same = 0;
  await heaps.single.exclusive(async () => {
    const ours = runner(heaps, graph);
    for (let i = 0; i < EXAMPLES; i++) {
      const [x] = takeBatch(plan, dataset.test!, [i]);
      const expected = real(ours(x), output);
      const given = new LiteRtTensor(real(x, input), input.shape);
      const [y] = await theirs.run(given);
      if (close(expected, await y.data(), output)) same++;
      given.delete();
      y.delete();
    }
  });
  theirs.delete();
  return same / EXAMPLES;
}

type Heaps = Readonly<Record<'single' | 'double', Heap>>;
type Layer = (x: readonly Values[]) => Values;

/** Input to output, each layer of an integer network as it runs there. */
function runner(heaps: Heaps, graph: Graph): (x: Values) => Values {
  if (!isInteger(graph.tensors[graph.inputs[0]].dtype)) return asProgram(heaps.single, graph);
  const layers = graph.nodes.map((node) => {
    const inputs = node.inputs.filter((t) => t >= 0 && !graph.tensors[t].data);
    const alone = { ...graph, nodes: [node], inputs, outputs: node.outputs };
    const twice = node.op === 'depthwiseConv2d' && graph.tensors[node.inputs[1]].dtype === 'i4';
    const run: Layer = node.op === 'add' ? xnnpackAdd(alone) : layerOf(twice ? heaps.double : heaps.single, alone);
    return { inputs, output: node.outputs[0], run };
  });
  return (x) => {
    const values = new Map([[graph.inputs[0], x]]);
    for (const { inputs, output, run } of layers) values.set(output, run(inputs.map((t) => values.get(t)!)));
    return values.get(graph.outputs[0])!;
  };
}

function asProgram(heap: Heap, graph: Graph): (x: Values) => Values {
  const run = layerOf(heap, graph);
  return (x) => run([x]);
}

function layerOf(heap: Heap, graph: Graph): Layer {
  const program = compile(heap, graph);
  return (x) => {
    for (const [i, values] of x.entries()) heap.write(program.inputs[i], values);
    program.run();
    return heap.read(program.outputs[0]);
  };
}

/**
 * XNNPACK's addition of int8 (src/microparams-init.c, qs8_add): both scales over the output's as integers of the same shift, which leaves 20 bits
 * to the larger; one sum, one rounding.
 */
function xnnpackAdd({ tensors, inputs, outputs, nodes: [{ attrs }] }: Graph): Layer {
  const [a, b, y] = [...inputs, ...outputs].map((t) => tensors[t].quant!);
  const ratios = [a, b].map(({ scales }) => Math.fround(Math.fround(scales[0]) / Math.fround(y.scales[0])));
  const shift = 20 - Math.floor(Math.log2(Math.max(...ratios)));
  const [ma, mb] = ratios.map((r) => Math.round(r * 2 ** shift));
  const low = attrs.activation === 'relu' ? Math.max(-128, y.zeros[0]) : -128;
  const sum = (p: number, q: number) => (p - a.zeros[0]) * ma + (q - b.zeros[0]) * mb;
  return ([p, q]) =>
    Int8Array.from(p as Int8Array, (v, i) =>
      Math.min(127, Math.max(low, Math.floor(sum(v, Number(q[i])) / 2 ** shift + 0.5) + y.zeros[0])),
    );
}

function real(values: Values, { dtype, quant }: Tensor): Float32Array {
  if (!isInteger(dtype)) return Float32Array.from(values as Float32Array);
  return Float32Array.from(values as Int8Array, (q) => Math.fround(quant!.scales[0]) * (q - quant!.zeros[0]));
}

function close(a: Float32Array, b: Float32Array, { dtype, quant, shape }: Tensor): boolean {
  const most = a.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const allowed = isInteger(dtype) ? 1.001 * quant!.scales[0] : TOLERANCE * most;
  return b.length === sizeOf(shape) && a.every((v, i) => Math.abs(v - b[i]) <= allowed);
}
