import { blocks, type Recurrent, type RecurrentOutputs, together, unrolled } from '../recurrent.ts';
import { unsupported } from './decode.ts';
import type { Writer } from './rewrites.ts';

/** LSTM, GRU and RNN of ONNX: gates stand as input, output, forget, cell; and as update, reset, hidden. */

type Kind = Recurrent['kind'];

const ORDER: Readonly<Record<Kind, readonly number[]>> = { lstm: [0, 2, 1, 3], gru: [0, 1, 2], rnn: [0] };
const ACTIVATIONS: Readonly<Record<Kind, string>> = { lstm: 'Sigmoid,Tanh,Tanh', gru: 'Sigmoid,Tanh', rnn: 'Tanh' };
/** What RNN may have in place of tanh. */
const PLAIN: Readonly<Record<string, Recurrent['activation']>> = { Tanh: 'tanh', Relu: 'relu', Sigmoid: 'logistic' };
/** Places of operands. */
const [BIAS, LENGTHS, HIDDEN, CELL, PEEPHOLES] = [3, 4, 5, 6, 7];

export const recurrent =
  (kind: Kind) =>
  (from: Writer): number[] | null => {
    const { attributes } = from;
    const direction = attributes.text('direction', 'forward');
    const directions = direction === 'bidirectional' ? [false, true] : [direction === 'reverse'];
    const batchFirst = attributes.int('layout', 0) === 1;
    const after = kind === 'gru' && attributes.int('linear_before_reset', 0) === 1;
    attributes.int('hidden_size', 0);
    const told = from.attributes.texts('activations');
    refuseOthers(from, kind, told, directions.length);
    const [time, n, depth] = batchFirst ? [1, 0, 2].map((i) => from.shape(0)[i]) : from.shape(0);
    const x = batchFirst ? from.inputs[0] : from.relabel(from.inputs[0], [1, 0, 2]);
    const made = directions.map((reverse, d) =>
      unrolled(from, x, [n, time, depth], {
        ...weightsOf(from, kind, d, after),
        ...(kind === 'rnn' && { activation: PLAIN[told[d] ?? 'Tanh'] }),
        reverse,
      }),
    );
    const side = (of: (m: RecurrentOutputs) => number, map: readonly number[]) => {
      const all = made.map((m) => from.relabel(of(m), map));
      return all.length === 1 ? all[0] : from.emit('concat', all, { axis: map.indexOf(-1), activation: 'none' });
    };
    const state = batchFirst ? [0, -1, 1] : [-1, 0, 1];
    const all = side((m) => together(from, m.steps), batchFirst ? [0, 1, -1, 2] : [1, -1, 0, 2]);
    const last = side((m) => m.last, state);
    return kind === 'lstm' ? [all, last, side((m) => m.cell!, state)] : [all, last];
  };

function weightsOf(from: Writer, kind: Kind, d: number, after: boolean): Omit<Recurrent, 'reverse'> {
  const [, gates, depth] = from.shape(1);
  const order = ORDER[kind];
  const hidden = gates / order.length;
  const part = (place: number, size: number) => from.values(place).slice(d * size, (d + 1) * size);
  const both = from.isThere(BIAS) ? part(BIAS, 2 * gates) : new Array<number>(2 * gates).fill(0);
  const [b, rb] = [both.slice(0, gates), both.slice(gates)].map((v) => blocks(v, hidden, order));
  return {
    kind,
    hidden,
    weights: blocks(part(1, gates * depth), hidden * depth, order),
    recurrent: blocks(part(2, gates * hidden), hidden * hidden, order),
    bias: b.map((v, i) => (after && i >= 2 * hidden ? v : v + rb[i])),
    newBias: after ? rb.slice(2 * hidden) : null,
  };
}

function refuseOthers(from: Writer, kind: Kind, told: readonly string[], directions: number): void {
  const usual = new Array(directions).fill(ACTIVATIONS[kind]).join();
  const isKnown =
    kind === 'rnn' ? told.length === directions && told.every((name) => Object.hasOwn(PLAIN, name)) : told.join() === usual;
  if (told.length && !isKnown)
    throw unsupported(`the activations ${told.join(', ')}`, `use those of ${ACTIVATIONS[kind].replaceAll(',', ', ')}`);
  if (from.attributes.int('input_forget', 0)) throw unsupported('coupled gates', 'use a plain LSTM');
  if (from.isThere(PEEPHOLES)) throw unsupported('peepholes', 'use a plain LSTM');
  for (const place of [1, 2, BIAS])
    if (from.isThere(place) && !from.isConstant(place))
      throw unsupported('weights that are computed', 'export the model with constant weights');
  for (const place of [HIDDEN, CELL])
    if (from.isThere(place) && !(from.isConstant(place) && from.values(place).every((v) => v === 0)))
      throw unsupported('an initial state that is given or no zeros', 'export the model without initial states');
  if (from.isThere(LENGTHS) && !(from.isConstant(LENGTHS) && from.values(LENGTHS).every((v) => v === from.shape(0)[0])))
    throw unsupported('sequences of different lengths', 'export the model for one length');
}
