import type { HeapTensor } from '../wasm/heap.ts';
import { type LstmGate, lstmInt } from '../wasm/lstm_int.ts';
import { svdfInt } from '../wasm/svdf_int.ts';
import type { Reader, Results, Runner } from './case.ts';

/** SVDF fed its inputs one after another. */
export const svdf: Runner = (c) => {
  const { heap } = c;
  const p = c.in('params');
  const [input, output] = [p.in('input_activation'), p.in('output_activation')];
  const sequence = c.tensor('input_sequence');
  const [steps, batch, size] = sequence.shape;
  const state = c.tensor('state');
  const units = Math.floor(p.number('feature_batches') / p.number('rank'));
  const x = { ...sequence, shape: [batch, size] };
  const current = heap.tensor('i8', [batch, size]);
  const y = heap.tensor('i8', [batch, units]);
  const step = svdfInt(heap, y, current, state, c.tensor('weights_feature'), c.tensor('weights_time'), c.optional('bias'), {
    rank: p.number('rank'),
    xOffset: -p.number('input_offset'),
    yOffset: p.number('output_offset'),
    stateMultiplier: p.number('input_multiplier'),
    stateShift: p.number('input_shift'),
    stateMin: input.number('min'),
    stateMax: input.number('max'),
    yMultiplier: p.number('output_multiplier'),
    yShift: p.number('output_shift'),
    yMin: output.number('min'),
    yMax: output.number('max'),
  });
  const all = new Int8Array(steps * batch * units);
  for (let s = 0; s < steps; s++) {
    heap.write(current, heap.read({ ...x, ptr: sequence.ptr + s * batch * size }));
    step();
    all.set(heap.read(y) as Int8Array, s * batch * units);
  }
  return { output: heap.read(y), output_sequence: all, state_out: heap.read(state) };
};

function gateOf(c: Reader, name: string): LstmGate {
  const g = c.in(name);
  const p = c.in('params').in(name);
  return {
    wInput: g.tensor('input_weights'),
    wHidden: g.tensor('hidden_weights'),
    bias: g.optional('bias'),
    inputMultiplier: p.number('input_multiplier'),
    inputShift: p.number('input_shift'),
    hiddenMultiplier: p.number('hidden_multiplier'),
    hiddenShift: p.number('hidden_shift'),
  };
}

export const lstm: Runner = (c) => {
  const { heap } = c;
  const p = c.in('params');
  const x = c.tensor('input');
  const hidden = p.number('hidden_size');
  const hiddenState = c.optional('hidden_state');
  const cellState: HeapTensor = c.optional('cell_state') ?? heap.tensor('i16', [p.number('batch_size'), hidden]);
  const y = heap.tensor(x.dtype, [x.shape[0], x.shape[1], hidden]);
  const operands = {
    input: gateOf(c, 'input_gate'),
    forget: gateOf(c, 'forget_gate'),
    cell: gateOf(c, 'cell_gate'),
    output: gateOf(c, 'output_gate'),
    hiddenState,
    cellState,
  };
  lstmInt(heap, y, x, operands, {
    timeMajor: p.flag('time_major'),
    xOffset: p.number('input_offset'),
    yOffset: p.number('output_offset'),
    cellClip: p.number('cell_clip'),
    cellScalePower: p.number('cell_scale_power'),
    forgetToCellMultiplier: p.number('forget_to_cell_multiplier'),
    forgetToCellShift: p.number('forget_to_cell_shift'),
    inputToCellMultiplier: p.number('input_to_cell_multiplier'),
    inputToCellShift: p.number('input_to_cell_shift'),
    outputMultiplier: p.number('output_multiplier'),
    outputShift: p.number('output_shift'),
  })();
  const results: Results = { output: heap.read(y), cell_state_out: heap.read(cellState) };
  return hiddenState ? { ...results, hidden_state_out: heap.read(hiddenState) } : results;
};
