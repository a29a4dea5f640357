import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildNetwork } from '../../src/run/build.ts';
import { compileTraining, type RandomSource } from '../../src/train/program.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { floats } from '../wasm/close.ts';

const heap = await Heap.open();

/** For each of `steps` the ones of the input that pass two dropouts, one after the other, as 1 and 0. */
function kept(source: RandomSource, steps: readonly number[]): string[] {
  const net = buildNetwork('dropouts', [1, 1, 400], 1);
  const graph = net.finish(net.dropout(net.dropout(net.input, 0.5), 0.5));
  return heap.scope(() => {
    const program = compileTraining(heap, graph, 1, source);
    heap.write(program.inputs[0], new Float32Array(400).fill(1));
    return steps.map((step) => {
      program.forward(step);
      return Array.from(floats(heap, program.outputs[0].value), (v) => (v > 0 ? 1 : 0)).join('');
    });
  });
}

const shareOf = (bits: string): number => [...bits].filter((b) => b === '1').length / bits.length;

test('every dropout of a network draws its own zeros', () => {
  const [bits] = kept({ seed: 1, purpose: 'train' }, [0]);
  // Two equal masks would leave a half; independent ones leave a quarter (standard deviation 0.022).
  assert.ok(Math.abs(shareOf(bits) - 0.25) < 0.1, `${shareOf(bits)} of the values passed both`);
});

test('zeros follow from seed, purpose and step alone', () => {
  const [first, second, again] = kept({ seed: 1, purpose: 'train' }, [3, 4, 3]);
  assert.is(again, first);
  assert.is(kept({ seed: 1, purpose: 'train' }, [3])[0], first);
  const others = [second, kept({ seed: 2, purpose: 'train' }, [3])[0], kept({ seed: 1, purpose: 'distill' }, [3])[0]];
  assert.is(new Set([first, ...others]).size, 4);
});

test.run();
