import { powerOfTwoInput } from './activation_int.ts';
import { allOf, sameShape } from './check.ts';
import { elementBytes } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { place, sigmoidTable } from './luts.ts';

export interface LstmGate {
  /** i8 [hidden, size] */
  readonly wInput: HeapTensor;
  /** i8 [hidden, hidden] */
  readonly wHidden: HeapTensor;
  /** i32 (int8 activations) or i64 (int16) [hidden], or null */
  readonly bias: HeapTensor | null;
  readonly inputMultiplier: number;
  readonly inputShift: number;
  readonly hiddenMultiplier: number;
  readonly hiddenShift: number;
}

export interface LstmParams {
  readonly timeMajor: boolean;
  /** MINUS the zero point of x. */
  readonly xOffset: number;
  /** PLUS the zero point of y, which is the hidden state. */
  readonly yOffset: number;
  /** The cell state is clamped to +-cellClip; 0 = not at all. */
  readonly cellClip: number;
  /** log2 of the cell state's scale. */
  readonly cellScalePower: number;
  readonly forgetToCellMultiplier: number;
  readonly forgetToCellShift: number;
  readonly inputToCellMultiplier: number;
  readonly inputToCellShift: number;
  readonly outputMultiplier: number;
  readonly outputShift: number;
}

export interface LstmOperands {
  readonly input: LstmGate;
  readonly forget: LstmGate;
  readonly cell: LstmGate;
  readonly output: LstmGate;
  /** [batch, hidden] of y's type, kept from call to call; null: no recurrent term in the first step, and the cell starts at 0. */
  readonly hiddenState: HeapTensor | null;
  /** i16 [batch, hidden], kept from call to call */
  readonly cellState: HeapTensor;
}

/**
 * LSTM over a sequence, int8 or int16 by y's type, equal bit for bit to CMSIS-NN `arm_lstm_unidirectional_s8` / `_s16`.
 *
 * @param y [time, batch, hidden] if `timeMajor`, else [batch, time, hidden]
 * @param x [time, batch, size] or [batch, time, size], of y's type
 */
export function lstmInt(heap: Heap, y: HeapTensor, x: HeapTensor, operands: LstmOperands, q: LstmParams): Step {
  allOf(['i8', 'i16'], 'LSTM', y, x);
  const { timeMajor } = q;
  const [time, batch] = timeMajor ? x.shape : [x.shape[1], x.shape[0]];
  const size = x.shape[2];
  const hidden = operands.input.wHidden.shape[0];
  sameShape(y.shape, [x.shape[0], x.shape[1], hidden], 'the output of an LSTM');
  const bytes = elementBytes(y.dtype);
  const { hiddenState, cellState } = operands;
  const step = lstmStep(heap, y.dtype === 'i16', operands, q, size, hidden);
  const row = (t: number, b: number) => (timeMajor ? t * batch + b : b * time + t);
  return () => {
    if (!hiddenState) heap.wasm.memory_zero(cellState.ptr, batch * hidden * 2);
    for (let b = 0; b < batch; b++) {
      let before = hiddenState ? hiddenState.ptr + b * hidden * bytes : 0;
      for (let t = 0; t < time; t++) {
        const now = y.ptr + row(t, b) * hidden * bytes;
        step(now, x.ptr + row(t, b) * size * bytes, before, cellState.ptr + b * hidden * 2);
        before = now;
      }
      if (hiddenState && time > 0) heap.wasm.copy_bytes(hiddenState.ptr + b * hidden * bytes, before, hidden * bytes);
    }
  };
}

/** One example, one step: addresses of the new hidden state, the input, the hidden state before (0: none) and the cell. */
function lstmStep(heap: Heap, wide: boolean, operands: LstmOperands, q: LstmParams, size: number, n: number) {
  const { wasm } = heap;
  const table = place(heap, sigmoidTable());
  const [a, b] = [heap.alloc(2 * n), heap.alloc(2 * n)];
  const gate = (g: LstmGate, tanh: 0 | 1) =>
    gateStep(heap, wide, g, q, size, n, (to) => wasm.activation_s16(to, to, n, 3, 0, tanh, table));
  const [forget, input, cell, output] = [
    gate(operands.forget, 0),
    gate(operands.input, 0),
    gate(operands.cell, 1),
    gate(operands.output, 0),
  ];
  const [low, high] = q.cellClip > 0 ? [-q.cellClip, q.cellClip] : [-32768, 32767];
  const squash = powerOfTwoInput(q.cellScalePower + 12);
  return (y: number, x: number, before: number, state: number) => {
    forget(a, x, before);
    wasm.elementwise_mul_s16(state, a, state, n, q.forgetToCellMultiplier, q.forgetToCellShift, -32768, 32767);
    input(a, x, before);
    cell(b, x, before);
    wasm.elementwise_mul_acc_s16(state, a, b, n, q.inputToCellMultiplier, q.inputToCellShift, low, high);
    output(a, x, before);
    wasm.activation_s16(b, state, n, squash.multiplier, squash.shift, 1, table);
    if (wide) wasm.elementwise_mul_s16(y, a, b, n, q.outputMultiplier, q.outputShift, -32768, 32767);
    else wasm.elementwise_mul_s16_s8(y, a, b, n, q.outputMultiplier, q.outputShift, q.yOffset);
  };
}

/** A gate's sum over input and hidden state, then its function. */
function gateStep(heap: Heap, wide: boolean, g: LstmGate, q: LstmParams, size: number, n: number, squash: (to: number) => void) {
  const kernel = wide ? heap.wasm.lstm_gate_s16 : heap.wasm.lstm_gate_s8;
  const xBias = biasWithZero(heap, wide, g.bias, g.wInput, q.xOffset);
  const hBias = biasWithZero(heap, wide, null, g.wHidden, -q.yOffset);
  return (to: number, x: number, before: number) => {
    kernel(to, x, g.wInput.ptr, xBias, n, size, g.inputMultiplier, g.inputShift, 0);
    if (before) kernel(to, before, g.wHidden.ptr, hBias, n, n, g.hiddenMultiplier, g.hiddenShift, 1);
    squash(to);
  };
}

/** bias + offset * (sum of each row of w), placed once. */
function biasWithZero(heap: Heap, wide: boolean, bias: HeapTensor | null, w: HeapTensor, offset: number): number {
  const [rows, columns] = w.shape;
  const weights = heap.read(w);
  const own = bias && heap.read(bias);
  const values = Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += Number(weights[r * columns + c]);
    return Number(own?.[r] ?? 0) + (wide ? 0 : offset * sum);
  });
  return wide ? heap.tensor('i64', [rows], values.map(BigInt)).ptr : heap.tensor('i32', [rows], values).ptr;
}
