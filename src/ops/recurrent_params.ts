import { CompressError } from '../errors.ts';
import type { LstmGate, LstmOperands, LstmParams } from '../wasm/lstm_int.ts';
import type { SvdfParams } from '../wasm/svdf_int.ts';
import type { Lstm } from './lstm.ts';
import type { Operand } from './op.ts';
import { frexp, quantizeMultiplier } from './quantize_multiplier.ts';
import { clampOf, perTensor, rangeOf } from './requant.ts';
import type { Svdf } from './svdf.ts';

/** Parameters of the recurrent integer kernels, in TensorFlow Lite Micro's arithmetic. */

const f = Math.fround;

/** Source: micro/kernels/svdf_common.cc: products of float32 scales. */
export function svdfParams(x: Operand, wFeature: Operand, wTime: Operand, state: Operand, y: Operand, a: Svdf): SvdfParams {
  const [xs, fs, ts, ss, ys] = [x, wFeature, wTime, state, y].map((o) => perTensor(o).scale);
  const toState = quantizeMultiplier(f(f(xs * fs) / ss));
  const toOutput = quantizeMultiplier(f(f(ss * ts) / ys));
  const { min, max } = rangeOf(state.dtype);
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

/** Source: micro/kernels/lstm_shared.cc, unidirectional_sequence_lstm.cc. `x` in TFLite's order of operands. */
export function lstmCall(x: readonly (Operand | null)[], y: Operand, a: Lstm): { operands: LstmOperands; params: LstmParams } {
  const [hidden, cell] = [x[18], x[19]];
  if (!hidden || !cell) throw new CompressError('unsupported', 'an integer LSTM without states', 'export the model again');
  const gate = (i: number): LstmGate => {
    const [wInput, wHidden] = [x[1 + i]!, x[5 + i]!];
    const input = quantizeMultiplier(f(perTensor(x[0]!).scale * perTensor(wInput).scale) / GATE_IN);
    const recurrent = quantizeMultiplier(f(perTensor(hidden).scale * perTensor(wHidden).scale) / GATE_IN);
    return {
      wInput,
      wHidden,
      bias: x[12 + i],
      inputMultiplier: input.multiplier,
      inputShift: input.shift,
      hiddenMultiplier: recurrent.multiplier,
      hiddenShift: recurrent.shift,
    };
  };
  const cellScale = perTensor(cell).scale;
  const { fraction, exponent } = frexp(cellScale);
  if (fraction !== 0.5) {
    throw new CompressError('unsupported', `the cell's scale ${cellScale} is not a power of two`, 'export the model again');
  }
  const forget = quantizeMultiplier(GATE_OUT);
  const input = quantizeMultiplier((GATE_OUT * GATE_OUT) / cellScale);
  const output = quantizeMultiplier((GATE_OUT * GATE_OUT) / perTensor(y).scale);
  return {
    operands: { input: gate(0), forget: gate(1), cell: gate(2), output: gate(3), hiddenState: hidden, cellState: cell },
    params: {
      timeMajor: a.timeMajor,
      xOffset: -perTensor(x[0]!).zero,
      yOffset: perTensor(y).zero,
      cellClip: Math.trunc(Math.min(a.cellClip / cellScale, 32767)),
      cellScalePower: exponent - 1,
      forgetToCellMultiplier: forget.multiplier,
      forgetToCellShift: forget.shift,
      inputToCellMultiplier: input.multiplier,
      inputToCellShift: input.shift,
      outputMultiplier: output.multiplier,
      outputShift: output.shift,
    },
  };
}
