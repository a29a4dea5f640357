import type { Attrs } from '../graph/graph.ts';
import { unsupported } from '../ops/onnx_cells.ts';
import { clamped, type Emitter } from './pieces.ts';

/**
 * LSTM, GRU and plain recurrent layers as the operators they consist of, step by step: what every stage, TFLite and generated C know. TFLite has no GRU, and its LSTM
 * keeps its state from call to call, which these do not.
 */

export interface Recurrent {
  readonly kind: 'lstm' | 'gru' | 'rnn';
  readonly hidden: number;
  /** Rows of gates: of an LSTM input, forget, output, cell; of a GRU update, reset, new; of a plain layer one. [gates * hidden, depth] */
  readonly weights: ArrayLike<number>;
  /** [gates * hidden, hidden] */
  readonly recurrent: ArrayLike<number>;
  /** [gates * hidden], of the input, with that of the hidden state in it but for a GRU's `newBias`. */
  readonly bias: ArrayLike<number>;
  /** Of a GRU whose reset gate multiplies what the weights made of the hidden state: their bias [hidden]. null: it multiplies the state itself. */
  readonly newBias: ArrayLike<number> | null;
  /** From the last step to the first. */
  readonly reverse: boolean;
  /** An LSTM's cell state is clamped to +-cellClip; 0 or left out: not at all. */
  readonly cellClip?: number;
  /** Of a plain layer; tanh where it is left out. */
  readonly activation?: 'tanh' | 'relu' | 'logistic' | 'none';
}

export interface RecurrentOutputs {
  /** Hidden state [n, hidden] of each step, in the order of time. */
  readonly steps: readonly number[];
  readonly last: number;
  /** Cell state behind the last step, of an LSTM. */
  readonly cell: number | null;
}

/** Steps beyond which the operators would be too many. */
const MOST_STEPS = 512;

const GATES: Readonly<Record<Recurrent['kind'], number>> = { lstm: 4, gru: 3, rnn: 1 };
const STEPS = { lstm: lstmStep, gru: gruStep, rnn: plainStep };

const plain: Attrs = { activation: 'none' };

/** @param x [n, time, depth] */
export function unrolled(to: Emitter, x: number, [, time, depth]: readonly number[], r: Recurrent): RecurrentOutputs {
  if (time > MOST_STEPS)
    throw unsupported(`a recurrent layer over ${time} steps, each of which becomes operators`, `use at most ${MOST_STEPS} steps`);
  const gates = GATES[r.kind] * r.hidden;
  const w = to.constant('kernel', [gates, depth], r.weights);
  const b = to.constant('bias', [gates], r.bias);
  const all = to.emit('fullyConnected', [x, w, b], { activation: 'none', keepDims: true });
  const given = (t: number) => to.emit('stridedSlice', [all], placeOf(t));
  const step = STEPS[r.kind](to, r);
  let state: State = { h: null, c: null };
  const steps: number[] = new Array(time);
  for (let i = 0; i < time; i++) {
    const t = r.reverse ? time - 1 - i : i;
    state = step(given(t), state);
    steps[t] = state.h!;
  }
  return { steps, last: state.h!, cell: state.c };
}

const FAR = 0x7fffffff;

/** One place in time of [n, time, channels]. */
const placeOf = (t: number): Attrs => ({ begin: [0, t, 0], end: [FAR, t + 1, FAR], strides: [1, 1, 1], shrink: [1] });

/** All steps as one array [n, time, hidden]. */
export const together = (to: Emitter, steps: readonly number[]): number => to.emit('pack', steps, { axis: 1 });

/** null: zeros, before the first step. */
interface State {
  readonly h: number | null;
  readonly c: number | null;
}

type Step = (x: number, state: State) => State;

const parts = (to: Emitter, x: number, sizes: readonly number[]): number[] => to.emitAll('split', [x], { axis: 1, sizes });

function lstmStep(to: Emitter, { hidden, recurrent, cellClip = 0 }: Recurrent): Step {
  const within = (c: number) => (cellClip > 0 ? clamped(to, c, -cellClip, cellClip) : c);
  const u = to.constant('recurrent_kernel', [4 * hidden, hidden], recurrent);
  return (x, { h, c }) => {
    const sum = h === null ? x : to.emit('add', [x, to.emit('fullyConnected', [h, u, -1], plain)], plain);
    const [sigmoids, candidate] = parts(to, sum, [3 * hidden, hidden]);
    const [input, forget, output] = parts(to, to.emit('logistic', [sigmoids], {}), [hidden, hidden, hidden]);
    const more = to.emit('mul', [input, to.emit('tanh', [candidate], {})], plain);
    const cell = within(c === null ? more : to.emit('add', [to.emit('mul', [forget, c], plain), more], plain));
    return { h: to.emit('mul', [output, to.emit('tanh', [cell], {})], plain), c: cell };
  };
}

/** h' = activation(x + U h) */
function plainStep(to: Emitter, { hidden, recurrent, activation = 'tanh' }: Recurrent): Step {
  const u = to.constant('recurrent_kernel', [hidden, hidden], recurrent);
  return (x, { h }) => {
    const sum = h === null ? x : to.emit('add', [x, to.emit('fullyConnected', [h, u, -1], plain)], plain);
    return { h: activation === 'none' ? sum : to.emit(activation, [sum], {}), c: null };
  };
}

/** h' = n + z * (h - n), of the update gate z and the new state n. */
function gruStep(to: Emitter, r: Recurrent): Step {
  const { hidden, newBias } = r;
  const rows = Array.from(r.recurrent);
  const cut = 2 * hidden * hidden;
  const u = newBias
    ? to.constant('recurrent_kernel', [3 * hidden, hidden], rows)
    : to.constant('recurrent_kernel', [2 * hidden, hidden], rows.slice(0, cut));
  const uNew = newBias ? -1 : to.constant('recurrent_kernel_new', [hidden, hidden], rows.slice(cut));
  const bias = newBias
    ? to.constant('recurrent_bias', [3 * hidden], [...new Array(2 * hidden).fill(0), ...Array.from(newBias)])
    : -1;
  const first = newBias ? to.constant('recurrent_bias_new', [hidden], newBias) : -1;
  const dense = (x: number, w: number, b: number) => to.emit('fullyConnected', [x, w, b], plain);
  const sizes = [2 * hidden, hidden];
  return (x, { h }) => {
    const [xGates, xNew] = parts(to, x, sizes);
    const made = h === null ? null : dense(h, u, bias);
    const [hGates, hNew] = made === null ? [null, first] : newBias ? parts(to, made, sizes) : [made, -1];
    const gates = to.emit('logistic', [hGates === null ? xGates : to.emit('add', [xGates, hGates], plain)], {});
    const [update, reset] = parts(to, gates, [hidden, hidden]);
    const kept = newBias
      ? to.emit('mul', [reset, hNew], plain)
      : h === null
        ? null
        : dense(to.emit('mul', [reset, h], plain), uNew, -1);
    const fresh = to.emit('tanh', [kept === null ? xNew : to.emit('add', [xNew, kept], plain)], {});
    if (h === null) return { h: to.emit('sub', [fresh, to.emit('mul', [update, fresh], plain)], plain), c: null };
    const change = to.emit('mul', [update, to.emit('sub', [h, fresh], plain)], plain);
    return { h: to.emit('add', [fresh, change], plain), c: null };
  };
}

/** Blocks of `size` numbers in another order. */
export function blocks(values: ArrayLike<number>, size: number, order: readonly number[]): Float32Array {
  const all = Float32Array.from(values);
  const out = new Float32Array(order.length * size);
  order.forEach((from, i) => {
    out.set(all.subarray(from * size, (from + 1) * size), i * size);
  });
  return out;
}
