// Which candidate `compress` chooses for two chips by the figures of CMSIS-NN's kernels, which were all it had before it wrote C, and by those of
// that C, beside what was linked and counted of what it chose: node --import tsx bench/c/choices.ts [SAMPLES]. The result goes into bench/README.md.
import { generateC } from '../../src/c/index.ts';
import { compress } from '../../src/compress/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { loadModel } from '../../src/model.ts';
import { findTarget } from '../../src/targets/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { putSection } from '../readme.ts';
import { table } from '../section.ts';

const samples = Number(process.argv[2] ?? 100_000);
const CHIPS = ['stm32g071rb', 'stm32l476rg'];
const JUDGED = { 'cmsis-nn': 'CMSIS-NN (before)', thumbnet: 'C of our own (after)' } as const;

const heap = await Heap.open();
const model = await loadModel(await demoModel());

async function chosen(target: string, runtime: keyof typeof JUDGED) {
  const run = compress(model, gestures(), { target, runtime, samples });
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
    process.stderr.write('.');
  }
}

/** A stage with what was chosen of it, without seeds and rates. */
const SHOWN = ['ratio', 'scope', 'criterion', 'weightBits', 'calibrator', 'width', 'separable', 'qat'];
function stageText({ stage, ...options }: { readonly stage: string; readonly [name: string]: unknown }): string {
  const own = SHOWN.flatMap((name) =>
    ['number', 'string', 'boolean'].includes(typeof options[name]) ? [`${name} ${options[name]}`] : [],
  );
  const bits = Object.values((options.layerBits ?? {}) as object).filter((b) => b === 4).length;
  const all = [...own, ...(bits ? [`${bits} layers of 4 bits`] : [])];
  return all.length ? `${stage} (${all.join(', ')})` : stage;
}

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
const rows: string[][] = [];
for (const name of CHIPS) {
  const chip = findTarget(name);
  for (const runtime of ['cmsis-nn', 'thumbnet'] as const) {
    const { recipe, result, tflite, chosen: trial, trials } = await chosen(name, runtime);
    const graph = importTflite(tflite);
    const generated = await generateC(heap, graph, chip, { name: 'network' });
    const found = await verifyGraph(heap, graph, chip, { inputs: 1, generated });
    rows.push([
      `${name} (${chip.core})`,
      JUDGED[runtime],
      `${trial === null ? 'plain int8' : `trial ${trial} of ${trials.length}`}: ${recipe.stages.map(stageText).join(', ')}`,
      `${kib(result.flashBytes)}, ${kib(result.ramBytes)}, ${result.latencyMs.toFixed(2)} ms`,
      `${kib(found.codeBytes + found.constantBytes)}, ${found.instructions.toLocaleString('en')}`,
      `${(100 * result.quality!).toFixed(1)} %`,
    ]);
    process.stderr.write(`\n${name} ${runtime}\n`);
  }
}

putSection(
  'c_choices',
  'What compress chooses for two chips, by figures of CMSIS-NN and of C of our own',
  `The demo network, ${samples.toLocaleString('en')} training samples, the default objective (bench/c/choices.ts). Before: flash, RAM and latency of CMSIS-NN's kernels, all that
candidates could be judged by before C of our own was counted. After: those of that C. Linked and counted: flash and executed instructions of the C of what was chosen, on QEMU.

${table(['chip', 'judged by', 'chosen', 'flash, RAM, latency as told', 'flash linked, instructions counted', 'test accuracy'], rows)}`,
);
