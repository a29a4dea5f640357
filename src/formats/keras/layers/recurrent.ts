import { blocks, type Recurrent, together, unrolled } from '../../recurrent.ts';
import { type Call, hasBias, type Layer } from '../layer.ts';

/** LSTM and GRU: gates stand as input, forget, cell, output; and as update, reset, hidden. Without their states between calls. */

type Kind = Recurrent['kind'];

const ORDER: Readonly<Record<Kind, readonly number[]>> = { lstm: [0, 1, 3, 2], gru: [0, 1, 2] };

const layerOf = (kind: Kind): Layer => ({
  roles: (config) => ['kernel', 'recurrent_kernel', ...(hasBias(config) ? ['bias'] : [])],
  within: ['cell'],
  build(call) {
    refuseOthers(call);
    const made = unrolled(call, call.inputs[0], call.shape(), weightsOf(call, kind));
    // Keras gives the steps in the order in which it took them
    const steps = call.flag('go_backwards', false) ? [...made.steps].reverse() : made.steps;
    const y = call.flag('return_sequences', false) ? together(call, steps) : made.last;
    if (!call.flag('return_state', false)) return y;
    return made.cell === null ? [y, made.last] : [y, made.last, made.cell];
  },
});

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
  };
}

function refuseOthers(call: Call): void {
  if (call.inputs.length > 1) throw call.refuse('is given an initial state', 'let it begin with zeros');
  if (call.flag('stateful', false)) throw call.refuse('keeps its state from call to call', 'set stateful=False');
  if (call.flag('time_major', false)) throw call.refuse('has time as its first axis', 'set time_major=False');
  const inside = call.text('activation', 'tanh');
  const gate = call.text('recurrent_activation', 'sigmoid');
  if (inside !== 'tanh' || gate !== 'sigmoid')
    throw call.refuse(`has the activations ${inside} and ${gate}`, 'use tanh and sigmoid, the defaults');
}

export const RECURRENT: Readonly<Record<string, Layer>> = { LSTM: layerOf('lstm'), GRU: layerOf('gru') };
