import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { isInteger } from '../../src/graph/graph.ts';
import { toFloat, toInteger } from '../../src/run/integer.ts';
import { modelFiles } from '../models.ts';

for (const { name, path } of modelFiles('.tflite')) {
  const graph = importTflite(readFileSync(path));
  if (!isInteger(graph.tensors[graph.inputs[0]].dtype)) continue;
  test(`${name}: integers made from its floats are its own`, () => {
    const floats = toFloat(graph);
    for (const t of floats.tensors) assert.is(t.dtype, 'f32');
    const again = toInteger(floats);
    assert.is(again.tensors.length, graph.tensors.length);
    graph.tensors.forEach((t, i) => {
      const { dtype, data, quant } = again.tensors[i];
      assert.is(dtype, t.dtype);
      if (t.dtype !== 'i32') {
        assert.equal(quant, t.quant);
        assert.equal(data, t.data);
        return;
      }
      // beyond 2^23 steps a bias has no float32 of its own; only channels of tiny weights that never change have such
      t.data!.forEach((q: number | bigint, k: number) => {
        assert.ok(
          Math.abs(Number(data![k]) - Number(q)) <= Math.abs(Number(q)) * 2 ** -23,
          `${t.name} ${k}: ${data![k]} for ${q}`,
        );
      });
      quant!.scales.forEach((s, k) => {
        assert.ok(Math.abs(s / t.quant!.scales[k] - 1) < 2 ** -22);
      });
    });
  });
}

test.run();
