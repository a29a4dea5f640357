import { CompressError } from '../errors.ts';
import { type Activation, integerRange } from '../graph/graph.ts';
import type { LstmParams } from '../wasm/lstm_int.ts';
import type { SvdfParams } from '../wasm/svdf_int.ts';
import { plainForm } from './forms.ts';
import { type CallOf, kernelCall, type LstmGateParams, type Operand } from './kernel_call.ts';
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

/**
 * The call of an LSTM, from operands in TFLite's order. Source: micro/kernels/lstm_shared.cc, unidirectional_sequence_lstm.cc.
 *
 * @throws CompressError `unsupported` for a node without states, or whose cell has a scale that is no power of two
 */
export function lstmCall(
  operands: readonly (Operand | null)[],
  y: Operand,
  a: { readonly timeMajor: boolean; readonly cellClip: number },
): CallOf<'lstm_unidirectional'> {
  const x = operands[0]!;
  const [inputX, forgetX, cellX, outputX] = operands.slice(1, 5) as Operand[];
  const [inputH, forgetH, cellH, outputH] = operands.slice(5, 9) as Operand[];
  const [inputBias = null, forgetBias = null, cellBias = null, outputBias = null] = operands.slice(12, 16);
  const [hiddenState, cellState] = operands.slice(18, 20);
  if (!hiddenState || !cellState) {
    throw new CompressError('unsupported', 'an integer LSTM without states', 'export the model again');
  }
  const gate = (wX: Operand, wH: Operand) => gateParams(x, wX, hiddenState, wH);
  return kernelCall(
    'lstm_unidirectional',
    plainForm('an LSTM', x, y),
    {
      ...{ x, y, hiddenState, cellState },
      ...{ inputX, forgetX, cellX, outputX, inputH, forgetH, cellH, outputH },
      ...{ inputBias, forgetBias, cellBias, outputBias },
    },
    {
      ...cellParams(x, cellState, y, a),
      gates: {
        input: gate(inputX, inputH),
        forget: gate(forgetX, forgetH),
        cell: gate(cellX, cellH),
        output: gate(outputX, outputH),
      },
    },
  );
}

/** Numbers of the cell, which all gates share. */
function cellParams(
  x: Operand,
  cellState: Operand,
  y: Operand,
  a: { readonly timeMajor: boolean; readonly cellClip: number },
): LstmParams {
  const { scale, power } = powerOfTwo(cellState);
  const forget = quantizeMultiplier(GATE_OUT);
  const input = quantizeMultiplier((GATE_OUT * GATE_OUT) / scale);
  const output = quantizeMultiplier((GATE_OUT * GATE_OUT) / perTensor(y).scale);
  return {
    timeMajor: a.timeMajor,
    xOffset: -perTensor(x).zero,
    yOffset: perTensor(y).zero,
    cellClip: Math.trunc(Math.min(a.cellClip / scale, 32767)),
    cellScalePower: power,
    forgetToCellMultiplier: forget.multiplier,
    forgetToCellShift: forget.shift,
    inputToCellMultiplier: input.multiplier,
    inputToCellShift: input.shift,
    outputMultiplier: output.multiplier,
    outputShift: output.shift,
  };
}

function gateParams(x: Operand, wX: Operand, hiddenState: Operand, wH: Operand): LstmGateParams {
  const input = quantizeMultiplier(f(perTensor(x).scale * perTensor(wX).scale) / GATE_IN);
  const hidden = quantizeMultiplier(f(perTensor(hiddenState).scale * perTensor(wH).scale) / GATE_IN);
  return {
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
