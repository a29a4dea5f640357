import { CompressError } from '../errors.ts';
import { type Activation, integerRange } from '../graph/graph.ts';
import type { LstmGate, LstmOperands, LstmParams } from '../wasm/lstm_int.ts';
import type { SvdfParams } from '../wasm/svdf_int.ts';
import type { Operand } from './op.ts';
import { frexp, quantizeMultiplier } from './quantize_multiplier.ts';
import { clampOf, perTensor } from './requant.ts';

/** Parameters of the recurrent integer kernels, in TensorFlow Lite Micro's arithmetic. */

const f = Math.fround;

/** Source: micro/kernels/svdf_common.cc: products of float32 scales. */
export function svdfParams(
  x: Operand,
  wFeature: Operand,
  wTime: Operand,
  state: Operand,
  y: Operand,
  a: { readonly rank: number; readonly activation: Activation },
): SvdfParams {
  const [xs, fs, ts, ss, ys] = [x, wFeature, wTime, state, y].map((o) => perTensor(o).scale);
  const toState = quantizeMultiplier(f(f(xs * fs) / ss));
  const toOutput = quantizeMultiplier(f(f(ss * ts) / ys));
  const { min, max } = integerRange(state.dtype);
  return {
    rank: a.rank,
    xOffset: -perTensor(x).zero,
    yOffset: perTensor(y).zero,
    stateMultiplier: toState.multiplier,
    stateShift: toState.shift,
    stateMin: min,
    stateMax: max,
    yMultiplier: toOutput.multiplier,
    yShift: toOutput.shift,
    ...clampOf(a.activation, y),
  };
}

/** What the gates' functions take (Q3.12) and give (Q0.15). */
const GATE_IN = 2 ** -12;
const GATE_OUT = 2 ** -15;

type Operands = readonly (Operand | null)[];

/**
 * What an LSTM's kernel takes, from operands in TFLite's order. Source: micro/kernels/lstm_shared.cc, unidirectional_sequence_lstm.cc.
 *
 * @throws CompressError `unsupported` for a node without states, or whose cell has a scale that is no power of two
 */
export function lstmCall(
  x: Operands,
  y: Operand,
  a: { readonly timeMajor: boolean; readonly cellClip: number },
): { operands: LstmOperands; params: LstmParams } {
  const [hidden, cell] = [x[18], x[19]];
  if (!hidden || !cell) throw new CompressError('unsupported', 'an integer LSTM without states', 'export the model again');
  const gate = (i: number) => gateOf(x, i, hidden);
  const { scale, power } = powerOfTwo(cell);
  const forget = quantizeMultiplier(GATE_OUT);
  const input = quantizeMultiplier((GATE_OUT * GATE_OUT) / scale);
  const output = quantizeMultiplier((GATE_OUT * GATE_OUT) / perTensor(y).scale);
  return {
    operands: { input: gate(0), forget: gate(1), cell: gate(2), output: gate(3), hiddenState: hidden, cellState: cell },
    params: {
      timeMajor: a.timeMajor,
      xOffset: -perTensor(x[0]!).zero,
      yOffset: perTensor(y).zero,
      cellClip: Math.trunc(Math.min(a.cellClip / scale, 32767)),
      cellScalePower: power,
      forgetToCellMultiplier: forget.multiplier,
      forgetToCellShift: forget.shift,
      inputToCellMultiplier: input.multiplier,
      inputToCellShift: input.shift,
      outputMultiplier: output.multiplier,
      outputShift: output.shift,
    },
  };
}

/** Gate i of input, forget, cell and output. */
function gateOf(x: Operands, i: number, hiddenState: Operand): LstmGate {
  const [wInput, wHidden] = [x[1 + i]!, x[5 + i]!];
  const input = quantizeMultiplier(f(perTensor(x[0]!).scale * perTensor(wInput).scale) / GATE_IN);
  const hidden = quantizeMultiplier(f(perTensor(hiddenState).scale * perTensor(wHidden).scale) / GATE_IN);
  return {
    wInput,
    wHidden,
    bias: x[12 + i],
    inputMultiplier: input.multiplier,
    inputShift: input.shift,
    hiddenMultiplier: hidden.multiplier,
    hiddenShift: hidden.shift,
  };
}

function powerOfTwo(cell: Operand): { scale: number; power: number } {
  const { scale } = perTensor(cell);
  const { fraction, exponent } = frexp(scale);
  if (fraction === 0.5) return { scale, power: exponent - 1 };
  throw new CompressError('unsupported', `the cell's scale ${scale} is not a power of two`, 'export the model again');
}
