import type { CallOf, LstmGateParams } from '../../ops/kernel_call.ts';
import { powerOfTwoInput } from '../../wasm/activation_int.ts';
import { sigmoidTable } from '../../wasm/luts.ts';
import { type Argument, type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { clampFunction, plus, reduceMultiplier, requantizeFunction, requantizeWideFunction } from './rescale.ts';
import { sigmoidFunction } from './unary.ts';

/** LSTM over a sequence; gates and cell have 16 bits. */
export function lstmPlain(call: CallOf<'lstm_unidirectional', Placed>, parts: Parts, tag: string): LayerCode {
  const { operands: o, parameters: p } = call;
  const wide = call.form === 's16';
  const type = TYPES[o.y.dtype];
  const [time, batch] = p.timeMajor ? o.x.shape : [o.x.shape[1], o.x.shape[0]];
  const size = o.x.shape[2];
  const hidden = o.inputH.shape[0];
  const gate = gateFunction(parts, wide, size, hidden);
  const requantize = requantizeFunction(parts);
  const clamp = clampFunction(parts);
  const [sigmoid, tanh] = [sigmoidFunction(parts, 'sigmoid'), sigmoidFunction(parts, 'tanh')];
  const squash = powerOfTwoInput(p.cellScalePower + 12);
  const [low, high] = p.cellClip > 0 ? [-p.cellClip, p.cellClip] : [-32768, 32767];
  const row = p.timeMajor ? `((t * ${batch}) + b)` : `((b * ${time}) + t)`;
  const gates = { input: p.gates.input, forget: p.gates.forget, cell: p.gates.cell, output: p.gates.output };
  const of = (name: keyof typeof gates, kind: string) =>
    `${kind}(${gate}(&x[${row} * ${size}], before, ${name}X, ${name}H, ${name}B, ${numbers(gates[name], wide)}, u), 3, 0, table)`;
  const product = `${requantize}(out * squashed, ${p.outputMultiplier}, ${p.outputShift})`;
  const function_ = parts.function(
    'lstm',
    (n) => `
      static void ${n}(${type} *y, const ${type} *x, ${o.hiddenState ? `${type} *kept, ` : ''}int16_t *cells, ${GATES.map((g) => `const int8_t *${g}X, const int8_t *${g}H, const ${wide ? 'int64_t' : 'int32_t'} *${g}B`).join(', ')}, const uint16_t *table) {
        for (int32_t b = 0; b < ${batch}; b++) {
          int16_t *cell = &cells[b * ${hidden}];
          ${
            o.hiddenState
              ? `const ${type} *before = &kept[b * ${hidden}];`
              : `const ${type} *before = NULL;
          (void)memset(cell, 0, ${2 * hidden});`
          }
          for (int32_t t = 0; t < ${time}; t++) {
            ${type} *now = &y[${row} * ${hidden}];
            for (int32_t u = 0; u < ${hidden}; u++) {
              const int32_t forget = ${of('forget', sigmoid)};
              const int32_t kept_part = ${clamp}(${requantize}(forget * cell[u], ${p.forgetToCellMultiplier}, ${p.forgetToCellShift}), -32768, 32767);
              const int32_t in = ${of('input', sigmoid)};
              const int32_t candidate = ${of('cell', tanh)};
              const int32_t added = ${requantize}(in * candidate, ${p.inputToCellMultiplier}, ${p.inputToCellShift});
              cell[u] = (int16_t)${clamp}(added + kept_part, ${low}, ${high});
              const int32_t out = ${of('output', sigmoid)};
              const int32_t squashed = ${tanh}(cell[u], ${squash.multiplier}, ${squash.shift}, table);
              now[u] = (${type})${clamp}(${wide ? product : plus(product, p.yOffset)}, ${wide ? '-32768, 32767' : '-128, 127'});
            }
            before = now;
          }
          ${
            o.hiddenState && time > 0
              ? `for (int32_t u = 0; u < ${hidden}; u++) {
            kept[(b * ${hidden}) + u] = before[u];
          }`
              : ''
          }
        }
      }`,
  );
  const weights = GATES.flatMap((g) => [
    parts.table(`${tag}_${g}_x`, 'int8_t', o[`${g}X`].data as Int8Array),
    parts.table(`${tag}_${g}_h`, 'int8_t', o[`${g}H`].data as Int8Array),
    biases(parts, `${tag}_${g}_b`, wide, o[`${g}Bias`], o[`${g}X`], o[`${g}H`], p.xOffset, -p.yOffset),
  ]);
  const args: Argument[] = [
    parts.operand(o.y),
    parts.operand(o.x),
    ...(o.hiddenState ? [parts.operand(o.hiddenState)] : []),
    parts.operand(o.cellState),
    ...weights,
    parts.table('sigmoid', 'uint16_t', sigmoidTable()),
  ];
  return { calls: [{ function: function_, arguments: args }], scratchBytes: 0, notes: [] };
}

const GATES = ['input', 'forget', 'cell', 'output'] as const;

const numbers = (g: LstmGateParams, wide: boolean): string => {
  const m = (v: number) => (wide ? reduceMultiplier(v) : v);
  return `${m(g.inputMultiplier)}, ${g.inputShift}, ${m(g.hiddenMultiplier)}, ${g.hiddenShift}`;
};

/** Of each unit: the bias with the input's zero point, then the part of the hidden state's zero point. */
function biases(
  parts: Parts,
  name: string,
  wide: boolean,
  bias: Placed | null,
  wInput: Placed,
  wHidden: Placed,
  xOffset: number,
  hOffset: number,
): Argument {
  const rowSum = (w: Placed, row: number) => {
    const [, columns] = w.shape;
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += Number(w.data![row * columns + c]);
    return sum;
  };
  const values = Array.from({ length: wInput.shape[0] }, (_, u) => {
    const own = Number(bias?.data?.[u] ?? 0);
    return wide ? [own, 0] : [own + xOffset * rowSum(wInput, u), hOffset * rowSum(wHidden, u)];
  }).flat();
  return wide ? parts.table(name, 'int64_t', values.map(BigInt)) : parts.table(name, 'int32_t', values);
}

/** A gate of one unit before its function: over the input, then over the hidden state where there is one. */
function gateFunction(parts: Parts, wide: boolean, size: number, hidden: number): string {
  const type = wide ? 'int16_t' : 'int8_t';
  const sum = wide ? 'int64_t' : 'int32_t';
  const requantize = wide ? requantizeWideFunction(parts) : requantizeFunction(parts);
  const clamp = clampFunction(parts);
  return parts.function(
    'gate',
    (n) => `
      static int32_t ${n}(const ${type} *x, const ${type} *before, const int8_t *input, const int8_t *recurrent, const ${sum} *bias,
          int32_t multiplier, int32_t shift, int32_t hidden_multiplier, int32_t hidden_shift, int32_t u) {
        ${sum} sum = bias[2 * u];
        for (int32_t i = 0; i < ${size}; i++) {
          sum += x[i] * input[(u * ${size}) + i];
        }
        int32_t gate = ${clamp}(${requantize}(sum, multiplier, shift), -32768, 32767);
        if (before != NULL) {
          sum = bias[(2 * u) + 1];
          for (int32_t i = 0; i < ${hidden}; i++) {
            sum += before[i] * recurrent[(u * ${hidden}) + i];
          }
          gate = ${clamp}(${requantize}(sum, hidden_multiplier, hidden_shift) + gate, -32768, 32767);
        }
        return gate;
      }`,
  );
}
