/** Figures of a network that is not made yet beside those of its C on emulated cores. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import type { Trade } from '../../src/c/parts.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored } from '../../src/model.ts';
import { outlineOf, runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import type { Model, Stage } from '../../src/stage.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { contextOf, network } from '../train/networks.ts';
import { CORES, chipOf, withTools } from './tools.ts';

const test = suite('figures of generated C');
const heap = await Heap.open();

/** Of what is executed: a figure may not claim much less, which a search would make use of. */
const INSTRUCTIONS = [0.8, 1.6] as const;
const FLASH = [0.85, 1.4] as const;

const STAGES: Readonly<Record<string, readonly [Stage, Trade]>> = {
  '8 bits': [quantize({ examples: 16 }), 'balanced'],
  'weights of 4 bits, a byte each': [quantize({ examples: 16, weightBits: 4 }), 'balanced'],
  'weights of 4 bits, two to a byte': [quantize({ examples: 16, weightBits: 4 }), 'flash'],
  'activations of 16 bits': [quantize({ examples: 16, activationBits: 16 }), 'balanced'],
};

for (const [name, [stage, trade]] of Object.entries(STAGES)) {
  withTools(test)(`${name}: instructions, code and constants as on the emulator`, async () => {
    const model: Model = { graph: network(), facts: {} };
    const outline = (await outlineOf(model, [stage], contextOf(model)))!;
    const graph = asStored(await runPipeline(model, [stage], contextOf(model)));
    for (const core of CORES) {
      const chip = chipOf(core);
      const generated = await generateC(heap, graph, chip, { name: 'network', trade });
      const found = await verifyGraph(heap, graph, chip, { inputs: 1, generated });
      assert.equal(found.difference, null);
      for (const told of [profile(outline.graph, chip, { trade }), profile(graph, chip, { trade })]) {
        const holds = (a: number, b: number, [least, most]: readonly [number, number], what: string) =>
          assert.ok(a > least * b && a < most * b, `${core}: ${a} of ${b} ${what}`);
        holds(told.instructions, found.instructions, INSTRUCTIONS, 'instructions');
        holds(told.flashBytes, found.codeBytes + found.constantBytes, FLASH, 'bytes of flash');
        assert.ok(told.flash.tables >= 0, `${told.flash.tables} bytes of tables`);
      }
    }
  });
}

test.run();
