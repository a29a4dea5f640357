import { type CallOf, kernelCall } from '../ops/kernel_call.ts';
import type { Reader } from './case.ts';

/** One step of an SVDF: x is where each input of the case's sequence is put in turn. */
export function svdf(c: Reader): CallOf<'svdf'> {
  const p = c.in('params');
  const [input, output] = [p.in('input_activation'), p.in('output_activation')];
  const [, batch, size] = c.decode('input_sequence').shape;
  const units = Math.floor(p.number('feature_batches') / p.number('rank'));
  const state = c.tensor('state');
  const operands = {
    x: c.output('i8', [batch, size]),
    wFeature: c.tensor('weights_feature'),
    wTime: c.tensor('weights_time'),
    bias: c.optional('bias'),
    state,
    y: c.output('i8', [batch, units]),
  };
  return kernelCall('svdf', state.dtype === 'i16' ? 'state_s16_s8' : 's8', operands, {
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
}

const GATES = ['input', 'forget', 'cell', 'output'] as const;

export function lstm(c: Reader): CallOf<'lstm_unidirectional'> {
  const p = c.in('params');
  const x = c.tensor('input');
  const hidden = p.number('hidden_size');
  const [input, forget, cell, output] = GATES.map((name) => {
    const gate = c.in(`${name}_gate`);
    return { x: gate.tensor('input_weights'), h: gate.tensor('hidden_weights'), bias: gate.optional('bias') };
  });
  const operands = {
    x,
    y: c.output(x.dtype, [x.shape[0], x.shape[1], hidden]),
    ...{ inputX: input.x, forgetX: forget.x, cellX: cell.x, outputX: output.x },
    ...{ inputH: input.h, forgetH: forget.h, cellH: cell.h, outputH: output.h },
    ...{ inputBias: input.bias, forgetBias: forget.bias, cellBias: cell.bias, outputBias: output.bias },
    hiddenState: c.optional('hidden_state'),
    cellState: c.optional('cell_state') ?? c.output('i16', [p.number('batch_size'), hidden]),
  };
  return kernelCall('lstm_unidirectional', x.dtype === 'i16' ? 's16' : 's8', operands, {
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
    gates: { input: gateOf(p, 'input'), forget: gateOf(p, 'forget'), cell: gateOf(p, 'cell'), output: gateOf(p, 'output') },
  });
}

function gateOf(params: Reader, name: string) {
  const p = params.in(`${name}_gate`);
  return {
    inputMultiplier: p.number('input_multiplier'),
    inputShift: p.number('input_shift'),
    hiddenMultiplier: p.number('hidden_multiplier'),
    hiddenShift: p.number('hidden_shift'),
  };
}
