import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { type DType, type Graph, integerRange, type Quantization, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { instructionsOf } from '../../src/mcu/instructions.ts';
import { type KernelCall, OPS, type PlacedOperand } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { costOf } from '../../src/run/cost.ts';
import { stepOf } from '../../src/run/kernel_step.ts';
import { lowered } from '../../src/run/lower.ts';
import { TARGETS } from '../../src/targets/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { graphOf, samplesOf } from '../formats/row_graphs.ts';
import { close } from '../wasm/close.ts';
import { DEFINITIONS } from './definitions.ts';
import type { Array64 } from './float64.ts';
import type { Sample } from './samples.ts';

/** The contract of every row's `lower`: a call that is plain data, computes the definition, and has a cost on every core. */

const heap = await Heap.open();

/**
 * Steps of the output by which integers may miss the definition. Rescaling rounds twice, the second time by the shift that is left:
 * 1/2 and up to 1/4; where sums are large against a step, 1/2 and a little.
 */
const TWICE = 0.76;
const ONCE = 0.51;
/** Multipliers of 64-bit sums have 16 bits: half a step more at the ends of the range. */
const COARSE = 1.02;
const STEPS: Readonly<Record<string, Partial<Record<DType, number>>>> = {
  add: { i8: ONCE, i16: ONCE },
  sub: { i8: ONCE, i16: ONCE },
  conv2d: { i8: ONCE, i16: COARSE },
  depthwiseConv2d: { i8: ONCE, i16: COARSE },
  fullyConnected: { i8: ONCE, i16: COARSE },
  batchMatmul: { i8: TWICE, i16: COARSE },
  transposeConv2d: { i8: ONCE, i16: COARSE },
  hardSwish: { i8: 1.6 }, // the slope in 16 bits
  argMax: { i32: 0 },
  argMin: { i32: 0 },
  cast: { i32: 0 },
  logSoftmax: { i8: 1 },
  softmax: { i8: 1, i16: 16 }, // 26-bit fixed point; tables of 512 chords
  logistic: { i8: 1, i16: 8 },
  tanh: { i8: 1, i16: 8 },
  resizeBilinear: { i8: 1, i16: 80 }, // weights of pixels in 1/1024
};

/** Rows of int8 alone: 256 results in a table, or TFLite's int8 kernel. */
const BY_TABLE: ReadonlySet<string> = new Set([
  'squaredDifference',
  'elu',
  'gelu',
  'abs',
  'rsqrt',
  'exp',
  'prelu',
  'logSoftmax',
  'l2Normalize',
]);

/** Why the engine refuses to lower or to run a sample, or null. */
function refused(op: string, { attrs }: Sample, dtype: DType): 'lower' | 'run' | null {
  if (op === 'concat' && attrs.activation !== 'none') return 'lower';
  if (dtype !== 'i16') return null;
  if (BY_TABLE.has(op)) return 'lower';
  return op === 'hardSwish' || (op === 'pad' && attrs.value !== 0) ? 'run' : null;
}

/** CMSIS-NN's int16 softmax of a row of one is -32768, its 1.0 wrapped (golden case softmax_s16_gen_003). */
const wraps = (op: string, { shapes }: Sample, dtype: DType) => op === 'softmax' && dtype === 'i16' && shapes[0]!.at(-1) === 1;

/** The graph of a sample; 16-bit tensors of the real range of 8-bit ones. */
function graphFor(op: string, sample: Sample, dtype: DType): Graph {
  const graph = graphOf(op, sample, dtype);
  if (dtype !== 'i16') return graph;
  const isFixed = typeof OPS[op].outputRange !== 'string';
  const finer = (quant: Quantization): Quantization => ({ ...quant, scales: quant.scales.map((s) => s / 256) });
  const tensors = graph.tensors.map((t, i) =>
    t.quant?.bits === 16 && !(isFixed && graph.outputs.includes(i)) ? { ...t, quant: finer(t.quant) } : t,
  );
  return { ...graph, tensors };
}

/** Numbers for every tensor that is not computed: those of constants, and any for inputs. */
function numbersOf({ tensors, inputs, name }: Graph): Map<number, number[]> {
  const random = createRandom(2, 'test/ops/lower');
  const found = new Map<number, number[]>();
  tensors.forEach(({ data, dtype, shape, variable, quant }, t) => {
    if (data) found.set(t, Array.from(data, Number));
    if (!inputs.includes(t) && !variable) return;
    const { min: lowest, max } = integerRange(dtype);
    const min = name === 'rsqrt' ? quant!.zeros[0] + 1 : lowest; // of what is above 0
    found.set(
      t,
      Array.from({ length: sizeOf(shape) }, () => min + random.below(max - min + 1)),
    );
  });
  return found;
}

/** What the operands mean; a bias is in steps of x's scale times w's. */
function realsOf({ name, nodes: [node], tensors }: Graph, numbers: ReadonlyMap<number, number[]>): Array64[] {
  const scale = (place: number) => tensors[node.inputs[place]].quant!.scales[0];
  return node.inputs.map((t) => {
    if (t < 0) return null as never;
    const { shape, quant, dtype } = tensors[t];
    if (name === 'cast') return { shape, data: Float64Array.from(numbers.get(t)!) }; // the integers themselves
    const [step, zero] = dtype === 'i32' || dtype === 'i64' ? [scale(0) * scale(1), 0] : [quant!.scales[0], quant!.zeros[0]];
    return { shape, data: Float64Array.from(numbers.get(t)!, (q) => step * (q - zero)) };
  });
}

/** The output's scale from the values it takes, where the operator does not say it. */
function measured(graph: Graph, dtype: DType, values: Float64Array): Graph {
  const [node] = graph.nodes;
  if (OPS[node.op].outputRange !== 'measured') return graph;
  const largest = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const bits = dtype === 'i16' ? 16 : 8;
  const quant: Quantization = { bits, scales: [Math.fround(largest / (2 ** (bits - 1) - 1))], zeros: [0], axis: null };
  return { ...graph, tensors: graph.tensors.map((t, i) => (i === node.outputs[0] ? { ...t, quant } : t)) };
}

const place = (t: Tensor, values: readonly number[] | undefined): PlacedOperand => ({
  ...heap.tensor(t.dtype, t.shape, t.dtype === 'i64' ? values?.map(BigInt) : values),
  quant: t.quant,
  data: t.data,
});

function checkPlain({ nodes: [node] }: Graph, operands: readonly PlacedOperand[], call: KernelCall) {
  assert.is(call.kernel, `${call.family}_${call.form}`);
  const given = [...node.inputs, ...node.outputs].filter((t) => t >= 0).map((t) => operands[t]);
  const held = Object.values(call.operands).flat() as (PlacedOperand | null)[];
  const isSame = (a: PlacedOperand, b: PlacedOperand) =>
    a.ptr === b.ptr && sizeOf(a.shape) === sizeOf(b.shape) && a.dtype === b.dtype;
  for (const o of held) assert.ok(o === null || given.some((g) => isSame(g, o)), 'an operand that was not given');
  for (const o of given)
    assert.ok(
      held.some((h) => h !== null && isSame(h, o)),
      'an operand that the call lost',
    );
  assert.equal(JSON.parse(JSON.stringify(call.parameters)), call.parameters, 'parameters that are not plain data');
}

function checkCosts({ nodes: [node] }: Graph, operands: readonly PlacedOperand[], call: KernelCall | null) {
  for (const { core, kind } of new Map(TARGETS.map((t) => [t.core, t])).values()) {
    const cost = costOf(node, operands, call, kind);
    const instructions = instructionsOf(cost, core);
    const where = `${node.op} ${call?.kernel} on ${core}`;
    assert.ok(Number.isSafeInteger(cost.macs) && cost.macs >= 0, where);
    assert.ok(Number.isSafeInteger(cost.scratchBytes) && cost.scratchBytes >= 0, where);
    assert.ok(Number.isFinite(instructions) && (cost.kernel ? instructions > 0 : instructions === 0), where);
  }
}

function near(op: string, dtype: DType, { quant }: Tensor, got: ArrayLike<number | bigint>, wanted: Float64Array) {
  const { min, max } = integerRange(dtype);
  const [scale, zero] = quant ? [quant.scales[0], quant.zeros[0]] : [1, 0];
  const steps = STEPS[op]?.[dtype] ?? TWICE;
  wanted.forEach((v, i) => {
    const exact = Math.max(min, Math.min(max, v / scale + zero));
    assert.ok(Math.abs(Number(got[i]) - exact) <= steps, `${op} ${dtype} [${i}]: ${got[i]}, ${exact} wanted`);
  });
}

const unsupported = (e: unknown) => e instanceof CompressError && e.code === 'unsupported';

/** Scales of a recurrent sample are drawn at random: test/quant/recurrent.test.ts has measured ones. */
const definitionOf = (op: string) => (OPS[op].recurrent ? undefined : DEFINITIONS[op]);

/** @param reals whether operand 0 is of real numbers */
function check(op: string, sample: Sample, dtype: DType, reals: boolean) {
  let graph = graphFor(op, sample, dtype);
  if (refused(op, sample, dtype) === 'lower') {
    assert.throws(() => lowered(graph.nodes[0], graph.tensors), unsupported);
    return;
  }
  const numbers = numbersOf(graph);
  const x = definitionOf(op) ? realsOf(graph, numbers) : [];
  if (reals) {
    graph = { ...graph, tensors: graph.tensors.map((t, i) => (i === 0 ? { ...t, dtype: 'f32' } : t)) };
    numbers.set(0, [...x[0].data]);
  }
  const shapes = graph.outputs.map((t) => graph.tensors[t].shape);
  const wanted = definitionOf(op)?.(x, sample.attrs, shapes);
  if (wanted) graph = measured(graph, dtype, wanted[0]);
  const operands = graph.tensors.map((t, i) => place(t, numbers.get(i)));
  const call = lowered(graph.nodes[0], operands)!;
  checkPlain(graph, operands, call);
  checkCosts(graph, operands, call);
  if (refused(op, sample, dtype) === 'run') {
    assert.throws(() => stepOf(heap, call), unsupported);
    return;
  }
  const step = stepOf(heap, call);
  const answers = () => {
    step();
    return graph.outputs.map((t) => heap.read(operands[t]));
  };
  const first = answers();
  if (!wraps(op, sample, dtype)) {
    wanted?.forEach((values, k) => {
      const y = graph.tensors[graph.outputs[k]];
      if (y.dtype === 'f32') close(first[k], values, 1e-7);
      else near(op, y.dtype === 'i32' ? 'i32' : dtype, y, first[k], values);
    });
  }
  if (!graph.tensors.some((t) => t.variable)) assert.equal(answers(), first, 'the second run');
}

for (const [op, row] of Object.entries(OPS)) {
  if (!row.lower) continue;
  test(`${op}: has samples`, () => assert.ok(samplesOf(op).length));
  samplesOf(op).forEach((sample, i) => {
    for (const dtype of definitionOf(op) ? (['i8', 'i16'] as const) : (['i8'] as const)) {
      for (const reals of op === 'quantize' ? [true, false] : [false]) {
        const from = reals ? ' from real numbers' : '';
        test(`${op}, sample ${i}, ${dtype}${from}: a call that is plain data, computes the definition and has a cost`, () =>
          heap.scope(() => check(op, sample, dtype, reals)));
      }
    }
  });
}

for (const [op, { layer, trainable, channels }] of Object.entries(OPS)) {
  if (!layer) continue;
  test(`${op}: its weights and bias are what training changes, and its axis is where its output channels lie`, () => {
    assert.equal(trainable, [layer.weights, layer.bias]);
    for (const { attrs, shapes } of samplesOf(op)) {
      const how = channels(attrs, shapes);
      const lie = how.kind === 'mix' ? how.out : how.kind === 'keep' ? how.along.slice(1) : null;
      if (lie) {
        const wanted = [
          [layer.weights, layer.axis],
          [layer.bias, 0],
        ];
        assert.equal(lie, wanted);
      }
    }
  });
}

test('what has weights: convolutions and dense layers, not normalization or rounding', () => {
  const layers = Object.entries(OPS).flatMap(([op, row]) => (row.layer ? [op] : []));
  assert.equal(layers, ['conv2d', 'depthwiseConv2d', 'transposeConv2d', 'fullyConnected']);
});

/** Of real numbers, and of layers with 4-bit weights. */
for (const [op, row] of Object.entries(OPS)) {
  samplesOf(op).forEach((sample, i) => {
    if (!row.float || refused(op, sample, 'f32') === 'lower') return;
    test(`${op}, sample ${i}: has a cost in float and with 4-bit weights`, () =>
      heap.scope(() => {
        const float = graphOf(op, sample, 'f32');
        const operands = float.tensors.map((t) => place(t, undefined));
        const measured = operands.map((o) => ({ ...o, quant: { bits: 8, scales: [1], zeros: [0], axis: null } as const }));
        checkCosts(float, measured, null);
        if (!row.layer) return;
        const graph = graphOf(op, sample, 'i8');
        const w = graph.nodes[0].inputs[row.layer.weights];
        const packed = graph.tensors.map((t, k) => place(k === w ? { ...t, dtype: 'i4' } : t, undefined));
        checkCosts(graph, packed, lowered(graph.nodes[0], packed));
      }));
  });
}

test('what a kernel is not made for is said with the layer', () => {
  const graph = graphOf('softmax', { shapes: [[1, 10]], attrs: { beta: 1 } }, 'i8');
  const operands = graph.tensors.map((t) => ({ ...t, dtype: 'u8' as const }));
  const { name } = graph.nodes[0];
  const named = (e: CompressError) => e.message.startsWith(`"${name}" (softmax): softmax is not made for u8\n  fix: `);
  assert.throws(() => lowered(graph.nodes[0], operands), named);
});

test.run();
