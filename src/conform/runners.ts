import type { CallOf, KernelCall } from '../ops/kernel_call.ts';
import type { PlacedOperand } from '../ops/op.ts';
import { stepOf } from '../run/kernel_step.ts';
import { CALLS, type CallMaker } from './calls.ts';
import type { Reader, Results, Runner } from './case.ts';
import { PRIMITIVES } from './primitives.ts';

/** The runner of an operator family of the golden files, or null where the engine has no such kernel. */
export function runnerOf(op: string): Runner | null {
  if (Object.hasOwn(PRIMITIVES, op)) return PRIMITIVES[op];
  return Object.hasOwn(CALLS, op) ? (c) => runCall(c, CALLS[op]) : null;
}

function runCall(c: Reader, make: CallMaker): Results {
  const call = make(c) as KernelCall<PlacedOperand>; // every operand of a case reader is on its heap
  if (call.family === 'svdf') return runSequence(c, call);
  stepOf(c.heap, call)();
  const results: Results = { output: c.heap.read(call.operands.y as PlacedOperand) };
  if (call.family !== 'lstm_unidirectional') return results;
  const { cellState, hiddenState } = call.operands;
  const states = { ...results, cell_state_out: c.heap.read(cellState) };
  return hiddenState ? { ...states, hidden_state_out: c.heap.read(hiddenState) } : states;
}

/** An SVDF fed the inputs of the case one after another. */
function runSequence(c: Reader, call: CallOf<'svdf', PlacedOperand>): Results {
  const { x, y, state } = call.operands;
  const { values, shape } = c.decode('input_sequence');
  const step = stepOf(c.heap, call);
  const [inputs, outputs] = [x, y].map((t) => t.shape[0] * t.shape[1]);
  const all = new Int8Array(shape[0] * outputs);
  for (let s = 0; s < shape[0]; s++) {
    c.heap.write(x, (values as Int8Array).subarray(s * inputs, (s + 1) * inputs));
    step();
    all.set(c.heap.read(y) as Int8Array, s * outputs);
  }
  return { output: c.heap.read(y), output_sequence: all, state_out: c.heap.read(state) };
}
