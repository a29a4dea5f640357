/** A front end in the figures of a profile. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { frontEndIn } from '../../src/data/index.ts';
import { planFrontEnd } from '../../src/features/index.ts';
import { profile } from '../../src/mcu/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { dataOf, networkFor } from '../emulator/front_end_network.ts';

test('flash, RAM, instructions and time hold it; TFLite Micro has none', async () => {
  const heap = await Heap.open();
  const graph = await networkFor(heap, await dataOf('mfcc:frame=128,hop=64,high=500', 500, 1));
  const alone = { ...graph, attachments: { ...graph.attachments!, metadata: [] } };
  for (const target of ['stm32f446re', 'stm32f072rb', 'apollo3-blue-plus']) {
    const [all, network] = [graph, alone].map((g) => profile(g, target));
    const front = all.frontEnd!;
    assert.is(network.frontEnd, null);
    assert.is(all.flashBytes, network.flashBytes + front.flashBytes);
    assert.is(all.ramBytes, network.ramBytes + front.ramBytes);
    assert.is(all.instructions, network.instructions + front.instructions);
    assert.ok(Math.abs(all.latencyMs - network.latencyMs - front.latencyMs) < 1e-9);
    assert.is(all.flash.frontEnd, front.flashBytes);
    // tables of 16 bits: window, turns, bands, cosines; of 32 the logarithm
    const tables = planFrontEnd(frontEndIn(graph)!.frontEnd).steps.flatMap((s) => Object.values(s.tables));
    const bytes = tables.reduce((n, t) => n + t.values.length * (t.type === 'i32' ? 4 : 2), 12 * 10);
    assert.ok(front.flashBytes > bytes + 900 && front.flashBytes < bytes + 3000, `${front.flashBytes}, ${bytes}`);
  }
  const told = profile(graph, 'stm32f446re', { runtime: 'tflm' });
  assert.is(told.frontEnd, null);
  assert.ok(told.warnings.some((w) => /front end "mfcc:.*" is not in these figures/.test(w)));
});

test.run();
