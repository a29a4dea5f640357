/** Small integer networks of RANDOM_OPERATORS and odd shapes, for checks of generated C. Equal seeds give equal graphs, which figures are fitted on (scripts/count). */
import { CompressError } from '../../src/errors.ts';
import {
  type DType,
  type Graph,
  isInteger,
  type Node,
  newValues,
  type Quantization,
  sizeOf,
  type Tensor,
} from '../../src/graph/graph.ts';
import { type AnyRow, rowOf } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import type { Heap } from '../../src/wasm/heap.ts';
import { mergeGraphs } from '../../test/c/merge.ts';
import { graphOf } from '../../test/formats/row_graphs.ts';
import { BESIDE, Draws, LAYERS, type Layer, RANDOM_OPERATORS, type Shape } from './random_operators.ts';

type Activations = 'i8' | 'i16';

const MOST = 3000;

const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
  reluN1: [-1, 1],
};

/** Whether an activation leaves one step alone, so that compilers drop what a layer computes. */
function leavesOne(activation: string, quant: Quantization | null): boolean {
  const bounds = BOUNDS[activation];
  if (!bounds || !quant) return false;
  const half = 2 ** (quant.bits - 1);
  const [low, high] = bounds.map((v) => Math.min(Math.max(Math.round(v / quant.scales[0]) + quant.zeros[0], -half), half - 1));
  return low === high;
}

class Chain {
  readonly tensors: Tensor[] = [];
  readonly nodes: Node[] = [];
  readonly inputs: number[] = [];
  readonly #d: Draws;
  readonly #dtype: Activations;

  constructor(d: Draws, dtype: Activations) {
    this.#d = d;
    this.#dtype = dtype;
  }

  input(shape: Shape): number {
    const t = this.#computed(shape, this.#activations(this.#d.scale(0.02, 0.08)));
    this.inputs.push(t);
    return t;
  }

  /** The outputs of a layer of `op` on tensor x, or null where it does not suit; the engine has the last word. */
  layer(op: string, x: number, heap: Heap): readonly number[] | null {
    const d = this.#d;
    const shape = this.tensors[x].shape;
    const made = LAYERS[op](d, shape);
    if (!made) return null;
    const before = [this.tensors.length, this.inputs.length, this.nodes.length];
    const operands = [x];
    if (made.weights) operands.push(...this.#parameters(op, made, x));
    if (made.second) operands.push(made.second === 'same' ? this.#alike(x) : this.input(made.second));
    try {
      const shapes = rowOf(op).infer(
        operands.map((t) => this.tensors[t]?.shape ?? null),
        made.attrs,
      );
      if (shapes.some((s) => sizeOf(s) > MOST || sizeOf(s) < 1)) throw new CompressError('unsupported', 'too large', '');
      const outputs = shapes.map((s) =>
        made.counted ? this.#counted(s, made.counted) : this.#computed(s, this.#outputQuant(rowOf(op), operands, made)),
      );
      if (outputs.some((t) => leavesOne(String(made.attrs.activation ?? op), this.tensors[t].quant)))
        throw new CompressError('unsupported', 'an activation that leaves one step alone', '');
      this.nodes.push({ name: `${op}${this.nodes.length}`, op, inputs: operands, outputs, attrs: made.attrs });
      heap.scope(() => compile(heap, this.graph()));
      return outputs;
    } catch (e) {
      if (!(e instanceof CompressError)) throw e;
      [this.tensors.length, this.inputs.length, this.nodes.length] = before;
      return null;
    }
  }

  /** All that no node reads is an output. */
  graph(): Graph {
    const read = new Set(this.nodes.flatMap((n) => n.inputs));
    const outputs = this.nodes.flatMap((n) => n.outputs).filter((t) => !read.has(t));
    return { name: 'random', tensors: this.tensors, nodes: this.nodes, inputs: this.inputs, outputs };
  }

  #activations(scale: number): Quantization {
    return {
      bits: this.#dtype === 'i8' ? 8 : 16,
      scales: [Math.fround(scale)],
      zeros: [this.#dtype === 'i8' ? this.#d.whole(-128, 127) : 0],
      axis: null,
    };
  }

  #computed(shape: Shape, quant: Quantization): number {
    return this.tensors.push({ name: `t${this.tensors.length}`, shape, dtype: this.#dtype, data: null, quant }) - 1;
  }

  #counted(shape: Shape, dtype: DType): number {
    return this.tensors.push({ name: `t${this.tensors.length}`, shape, dtype, data: null, quant: null }) - 1;
  }

  #alike(x: number): number {
    const { shape, quant } = this.tensors[x];
    const found = this.tensors.findIndex(
      (t, i) =>
        i !== x &&
        !t.data &&
        isInteger(t.dtype) &&
        `${t.shape}` === `${shape}` &&
        `${t.quant?.scales},${t.quant?.zeros}` === `${quant?.scales},${quant?.zeros}`,
    );
    if (found >= 0) return found;
    const t = this.#computed(shape, quant!);
    this.inputs.push(t);
    return t;
  }

  #parameters(op: string, { weights, units = 1 }: Layer, x: number): number[] {
    const d = this.#d;
    const bits = this.#dtype === 'i8' && op !== 'transposeConv2d' && d.whole(0, 4) === 0 ? 4 : 8;
    const most = bits === 4 ? 7 : 127;
    const scales = Array.from({ length: units }, () => d.scale(0.002, 0.012) * (127 / most)).map(Math.fround);
    const axis = op === 'depthwiseConv2d' ? 3 : 0;
    const ends = d.whole(0, 5) === 0;
    const data = Int8Array.from({ length: sizeOf(weights!) }, () => (ends ? d.of([-most, most]) : d.whole(-most, most)));
    const zeros = scales.map(() => 0);
    const w =
      this.tensors.push({
        name: `w${this.tensors.length}`,
        shape: weights!,
        dtype: bits === 4 ? 'i4' : 'i8',
        data,
        quant: { bits, scales, zeros, axis },
      }) - 1;
    if (d.whole(0, 3) === 0) return [w, -1];
    const dtype = this.#dtype === 'i8' ? 'i32' : 'i64';
    const values = newValues(dtype, units);
    for (let c = 0; c < units; c++) values[c] = (dtype === 'i64' ? BigInt(d.whole(-9000, 9000)) : d.whole(-9000, 9000)) as never;
    const biasScales = scales.map((s) => Math.fround(s * this.tensors[x].quant!.scales[0]));
    const quant: Quantization = { bits: dtype === 'i32' ? 32 : 64, scales: biasScales, zeros, axis: 0 };
    return [w, this.tensors.push({ name: `b${this.tensors.length}`, shape: [units], dtype, data: values, quant }) - 1];
  }

  #outputQuant(row: AnyRow, [x, w]: readonly number[], { depth, weights }: Layer): Quantization {
    const given = this.tensors[x].quant!;
    if (row.outputRange === 'as-input') return given;
    if (typeof row.outputRange !== 'string') {
      const [low, high] = row.outputRange;
      if (this.#dtype === 'i16') return { ...given, scales: [2 ** -15], zeros: [0] };
      const scale = (high - low) / 256;
      return { ...given, scales: [scale], zeros: [-128 - low / scale] };
    }
    const own = this.tensors[w]?.quant?.scales[0] ?? 1;
    const range =
      weights || depth ? given.scales[0] * own * (this.#dtype === 'i8' ? 64 : 9000) * Math.sqrt(depth ?? 1) : given.scales[0];
    return this.#activations(range * this.#d.scale(0.4, 2));
  }
}

/** One that suits an operator, where some try does. */
function inputShape(d: Draws, op: string): Shape {
  for (let tries = 0; ; tries++) {
    const shape = d.whole(0, 3) ? [1, d.whole(1, 11), d.whole(1, 11), d.whole(1, 17)] : [d.whole(1, 3), d.whole(1, 40)];
    if (tries > 50 || !LAYERS[op] || LAYERS[op](d, shape)) return shape;
  }
}

/** A chain of 2 to 5 layers with branches, and now and then an operator beside it. @param given its type, else drawn */
export function randomGraph(heap: Heap, seed: number, given?: Activations): Graph {
  const d = new Draws(createRandom(seed, 'bench/c/random graphs'));
  const drawn = d.whole(0, 5) === 0 ? 'i16' : 'i8';
  const dtype = given ?? drawn;
  const chain = new Chain(d, dtype);
  // Every operator has its turn as the first that is tried.
  const wanted = RANDOM_OPERATORS[seed % RANDOM_OPERATORS.length];
  let at = chain.input(inputShape(d, wanted));
  const length = d.whole(2, 5);
  const names = Object.keys(LAYERS);
  for (let tries = 0; tries < 40 && chain.nodes.length < length; tries++) {
    const op = tries < 8 && !chain.nodes.some((n) => n.op === wanted) && LAYERS[wanted] ? wanted : d.of(names);
    const made = chain.layer(op, at, heap);
    // Whole numbers go no further.
    const next = made?.filter((t) => chain.tensors[t].quant) ?? [];
    if (next.length) at = d.whole(0, 5) ? next[0] : d.of([...chain.inputs, ...next]);
  }
  const beside = BESIDE[wanted];
  return beside ? mergeGraphs([chain.graph(), graphOf(wanted, beside(d), 'i8')]) : chain.graph();
}
