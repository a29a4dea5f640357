import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import type { Operand } from '../../src/ops/kernel_call.ts';
import { frexp, quantizeMultiplier } from '../../src/ops/quantize_multiplier.ts';
import { clampOf, denseMultipliers, perTensor, productMultipliers, softmaxParams, sumParams } from '../../src/ops/requant.ts';
import { sidesOf, type Window } from '../../src/ops/window.ts';
import { sharedPath } from '../shared.ts';
import { sharedTest } from '../shared_test.ts';

test('frexp is C frexp', () => {
  for (const [x, fraction, exponent] of [
    [1, 0.5, 1],
    [0.5, 0.5, 0],
    [0.75, 0.75, 0],
    [-3, -0.75, 2],
    [5e-324, 0.5, -1073],
    [0, 0, 0],
  ]) {
    assert.equal(frexp(x), { fraction, exponent });
  }
});

test('a multiplier is Q31, rounded half away from zero', () => {
  assert.equal(quantizeMultiplier(1), { multiplier: 2 ** 30, shift: 1 });
  assert.equal(quantizeMultiplier(0), { multiplier: 0, shift: 0 });
  assert.equal(quantizeMultiplier(1 - 2 ** -40), { multiplier: 2 ** 30, shift: 1 }); // rounds up to the next power of two
  assert.equal(quantizeMultiplier(2 ** -33), { multiplier: 0, shift: 0 });
  assert.equal(quantizeMultiplier(-0.75), { multiplier: -1610612736, shift: 0 });
});

type Params = Record<string, unknown>;

function activationOf(node: Node, y: Operand) {
  const { yMin, yMax } = clampOf(node.attrs.activation as 'none', y);
  return { min: yMin, max: yMax };
}

/** What the golden files call the parameters of a node, as our functions make them. */
const PARAMS: Record<string, (o: Operand[], node: Node) => Params> = {
  conv2d: ([x, w, , y], node) => window(x, y, node, productMultipliers(x, w, y), [w.shape[1], w.shape[2]]),
  depthwiseConv2d: ([x, w, , y], node) => window(x, y, node, productMultipliers(x, w, y), [w.shape[1], w.shape[2]]),
  fullyConnected([x, w, , y], node) {
    const multipliers = denseMultipliers(x, w, y);
    return {
      input_offset: -perTensor(x).zero,
      output_offset: perTensor(y).zero,
      activation: activationOf(node, y),
      multiplier: multipliers.map((m) => m.multiplier),
      shift: multipliers.map((m) => m.shift),
    };
  },
  avgPool2d([x, y], node) {
    const filter = node.attrs.filter as [number, number];
    const { top, left } = sidesOf(node.attrs as unknown as Window, [x.shape[1], x.shape[2]], filter);
    return { padding: { h: top, w: left }, activation: activationOf(node, y) };
  },
  add([a, b, y], node) {
    const p = sumParams(a, b, y, node.attrs.activation as 'none');
    return {
      input_1_offset: p.x1Offset,
      input_1_mult: p.x1Multiplier,
      input_1_shift: p.x1Shift,
      input_2_offset: p.x2Offset,
      input_2_mult: p.x2Multiplier,
      input_2_shift: p.x2Shift,
      left_shift: p.leftShift,
      out_offset: p.yOffset,
      out_mult: p.yMultiplier,
      out_shift: p.yShift,
      out_activation_min: p.yMin,
      out_activation_max: p.yMax,
    };
  },
  softmax([x], node) {
    const { multiplier, shift, diffMin } = softmaxParams(x, Number(node.attrs.beta));
    return { mult: multiplier, shift, diff_min: diffMin };
  },
};

function window(
  x: Operand,
  y: Operand,
  node: Node,
  multipliers: { multiplier: number; shift: number }[],
  filter: [number, number],
): Params {
  const { top, left } = sidesOf(node.attrs as unknown as Window, [x.shape[1], x.shape[2]], filter);
  return {
    padding: { h: top, w: left },
    input_offset: -perTensor(x).zero,
    output_offset: perTensor(y).zero,
    activation: activationOf(node, y),
    multiplier: multipliers.map((m) => m.multiplier),
    shift: multipliers.map((m) => m.shift),
  };
}

function operandsOf(graph: Graph, node: Node): Operand[] {
  return [...node.inputs, ...node.outputs].map((t) => ({ ...graph.tensors[t], ptr: 0 }));
}

for (const name of ['resnet8_int8', 'ds_cnn_int8', 'ad_int8']) {
  const golden = sharedPath(`vectors/models/${name}.json`);
  const model = golden && JSON.parse(readFileSync(golden, 'utf8'));
  const needed = [`vectors/models/${name}.json`, `data/models/${model?.model.file ?? name}`];
  sharedTest(`${name}: every layer gets the chip's own parameters`, needed, (_, file) => {
    const graph = importTflite(readFileSync(file));
    let checked = 0;
    for (const layer of model.layers) {
      const node = graph.nodes[layer.index];
      const params = PARAMS[node.op]?.(operandsOf(graph, node), node) ?? {};
      for (const [key, value] of Object.entries(params))
        assert.equal(value, layer.params[key], `layer ${layer.index} ${node.op} ${key}`);
      checked += Object.keys(params).length;
    }
    assert.ok(checked > 40);
  });
}

test.run();
