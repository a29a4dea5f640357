import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CALLS } from '../../src/conform/calls.ts';
import { type Case, Reader } from '../../src/conform/case.ts';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { QUIRKS, quirksOf, quirksOfCall } from '../../src/mcu/quirks.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { sharedTest } from '../shared_test.ts';

const CORES = ['c', 'dsp', 'mve'] as const;
const heap = await Heap.open();

/** The call that a golden case describes. */
const callOf = (golden: Case) => CALLS[golden.op](new Reader(heap, golden));

const casesOf = (path: string): (Case & { quirk: string; matches_ideal: string[] })[] => JSON.parse(readFileSync(path, 'utf8'));

sharedTest('every defect is named on the cores that show it, and on no other', ['vectors/quirks.json'], (path) => {
  for (const golden of casesOf(path)) {
    const hit = CORES.filter((core) => quirksOfCall(core, callOf(golden)).includes(golden.quirk as keyof typeof QUIRKS));
    const shown = CORES.filter((core) => !golden.matches_ideal.includes(core));
    assert.equal(hit, shown, golden.name);
  }
});

for (const folder of ['cmsis-nn', 'fuzz']) {
  for (const family of ['convolve', 'depthwise_conv', 'fully_connected']) {
    for (const form of ['s8', 's4', 's16']) {
      const file = `vectors/${folder}/${family}_${form}.json`;
      sharedTest(`no defect is named where all cores give what the definition gives: ${file}`, [file], (path) => {
        for (const golden of casesOf(path)) {
          // Where clamping or rescaling leaves next to nothing of the sums, wrong ones do not show.
          const { values, shape } = new Reader(heap, golden).decode('output');
          const channels = shape[shape.length - 1];
          const constant = Array.from(values, Number).every((v, i) => v === Number(values[i % channels]));
          if (constant || new Set(Array.from(values, Number)).size <= 2) continue;
          for (const core of CORES) assert.equal(quirksOfCall(core, callOf(golden)), [], `${golden.name} on ${core}`);
        }
      });
    }
  }
}

test('a graph names the node that hits a defect', () => {
  const tensor = (name: string, dtype: Tensor['dtype'], shape: number[], data: Tensor['data'] = null): Tensor => ({
    name,
    dtype,
    shape,
    data,
    quant: { bits: dtype === 'i4' ? 4 : 8, scales: [1], zeros: [0], axis: null },
  });
  const graph: Graph = {
    name: 'odd',
    tensors: [
      tensor('x', 'i8', [1, 4, 4, 3]),
      tensor('w', 'i4', [1, 3, 3, 6], new Int8Array(54)),
      tensor('b', 'i32', [6], new Int32Array(6)),
      tensor('y', 'i8', [1, 4, 4, 6]),
    ],
    nodes: [
      {
        name: 'dw',
        op: 'depthwiseConv2d',
        inputs: [0, 1, 2],
        outputs: [3],
        attrs: { stride: [1, 1], dilation: [1, 1], padding: 'same', activation: 'none', multiplier: 2 },
      },
    ],
    inputs: [0],
    outputs: [3],
  };
  const [quirk] = quirksOf(graph, 'c');
  assert.equal(quirk, { node: 'dw', quirk: 'depthwise_s4_odd_input_ch', what: QUIRKS.depthwise_s4_odd_input_ch });
});

test.run();
