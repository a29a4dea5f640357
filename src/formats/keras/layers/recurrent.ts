import { blocks, type Recurrent, type RecurrentOutputs, together, unrolled } from '../../recurrent.ts';
import type { Config } from '../config.ts';
import { badFile, unsupported } from '../hdf5.ts';
import { type Call, hasBias, type Layer } from '../layer.ts';

/** LSTM, GRU and SimpleRNN, also in both directions: gates stand as input, forget, cell, output; and as update, reset, hidden. Without their states between calls. */

type Kind = Recurrent['kind'];

const ORDER: Readonly<Record<Kind, readonly number[]>> = { lstm: [0, 1, 3, 2], gru: [0, 1, 2], rnn: [0] };

const rolesOf = (config: Config): string[] => ['kernel', 'recurrent_kernel', ...(hasBias(config) ? ['bias'] : [])];

const layerOf = (kind: Kind): Layer => ({
  roles: rolesOf,
  within: ['cell'],
  build(call) {
    refuseOthers(call, kind);
    const made = unrolled(call, call.inputs[0], call.shape(), weightsOf(call, kind));
    // Keras gives the steps in the order in which it took them
    const steps = call.flag('go_backwards', false) ? [...made.steps].reverse() : made.steps;
    const y = call.flag('return_sequences', false) ? together(call, steps) : made.last;
    return call.flag('return_state', false) ? [y, ...statesOf(made)] : y;
  },
});

const statesOf = ({ last, cell }: RecurrentOutputs): number[] => (cell === null ? [last] : [last, cell]);

const KINDS: Readonly<Record<string, Kind>> = { LSTM: 'lstm', GRU: 'gru', SimpleRNN: 'rnn' };

/** The class of the layer that goes in both directions. @throws CompressError `unsupported` for another than the recurrent ones */
export function kindOf(className: string, name: string): Kind {
  const kind = Object.hasOwn(KINDS, className) ? KINDS[className] : undefined;
  if (kind) return kind;
  throw unsupported(`the layer "${name}" runs "${className}" in both directions`, `use one of ${Object.keys(KINDS).join(', ')}`);
}

/** One layer from the first step to the last and another back, their answers joined. @param of calls of both, in that order */
export function bidirectional(kind: Kind, [forward, backward]: readonly [Call, Call], mode: unknown): number[] {
  const sides = [forward, backward].map((call, i) => {
    refuseOthers(call, kind);
    if (call.flag('go_backwards', false) !== (i === 1))
      throw call.refuse('goes backwards where it should go forwards', 'set go_backwards=False');
    const made = unrolled(call, call.inputs[0], call.shape(), weightsOf(call, kind));
    return { made, y: call.flag('return_sequences', false) ? together(call, made.steps) : made.last };
  });
  const ys = sides.map(({ y }) => y);
  const joined = joinedBy(forward, ys, mode);
  const states = forward.flag('return_state', false) ? sides.flatMap(({ made }) => statesOf(made)) : [];
  return [...joined, ...states];
}

const plain = { activation: 'none' };

function joinedBy(call: Call, ys: readonly number[], mode: unknown): number[] {
  const axis = call.shape(ys[0]).length - 1;
  switch (mode) {
    case 'concat':
      return [call.emit('concat', ys, { ...plain, axis })];
    case 'sum':
      return [call.emit('add', ys, plain)];
    case 'mul':
      return [call.emit('mul', ys, plain)];
    case 'ave':
      return [call.emit('mul', [call.emit('add', ys, plain), call.constant('half', [1], [0.5])], plain)];
    case null:
      return [...ys];
    default:
      throw call.refuse(`joins both directions by "${String(mode)}"`, 'use concat, sum, mul, ave or None');
  }
}

function weightsOf(call: Call, kind: Kind): Recurrent {
  const order = ORDER[kind];
  const turned = (role: string) => {
    const { shape, data } = call.weights(role);
    const [rows, columns] = shape;
    return {
      rows,
      columns,
      data: Float32Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]),
    };
  };
  const [kernel, inner] = [turned('kernel'), turned('recurrent_kernel')];
  const hidden = inner.rows;
  const gates = order.length * hidden;
  if (kernel.columns !== gates || inner.columns !== gates) {
    throw badFile(
      `its kernels have ${kernel.columns} and ${inner.columns} columns, where ${hidden} units of ${kind} have ${gates}`,
    );
  }
  const after = kind === 'gru' && call.flag('reset_after', call.version >= 2);
  const told = hasBias(call.config) ? Float32Array.from(call.weights('bias').data) : new Float32Array(2 * gates);
  const b = blocks(told.subarray(0, gates), hidden, order);
  const rb = after ? blocks(told.subarray(gates), hidden, order) : new Float32Array(gates);
  return {
    kind,
    hidden,
    weights: blocks(kernel.data, hidden * kernel.rows, order),
    recurrent: blocks(inner.data, hidden * hidden, order),
    bias: b.map((v, i) => (after && i >= 2 * hidden ? v : v + rb[i])),
    newBias: after ? rb.slice(2 * hidden) : null,
    reverse: call.flag('go_backwards', false),
    ...(kind === 'rnn' && { activation: PLAIN[call.text('activation', 'tanh')] }),
  };
}

/** Activations of a plain recurrent layer. */
const PLAIN: Readonly<Record<string, Recurrent['activation']>> = {
  tanh: 'tanh',
  relu: 'relu',
  sigmoid: 'logistic',
  linear: 'none',
};

function refuseOthers(call: Call, kind: Kind): void {
  if (call.inputs.length > 1) throw call.refuse('is given an initial state', 'let it begin with zeros');
  if (call.flag('stateful', false)) throw call.refuse('keeps its state from call to call', 'set stateful=False');
  if (call.flag('time_major', false)) throw call.refuse('has time as its first axis', 'set time_major=False');
  const inside = call.text('activation', 'tanh');
  if (kind === 'rnn') {
    if (Object.hasOwn(PLAIN, inside)) return;
    throw call.refuse(`has the activation ${inside}`, `use one of ${Object.keys(PLAIN).join(', ')}`);
  }
  const gate = call.text('recurrent_activation', 'sigmoid');
  if (inside !== 'tanh' || gate !== 'sigmoid')
    throw call.refuse(`has the activations ${inside} and ${gate}`, 'use tanh and sigmoid, the defaults');
}

export const RECURRENT: Readonly<Record<string, Layer>> = Object.fromEntries(
  Object.entries(KINDS).map(([name, kind]) => [name, layerOf(kind)]),
);
