import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CExport, generateC } from '../../src/c/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { chipOf, withTools } from '../emulator/tools.ts';
import { layersGraph } from './layers.ts';
import { hasProgram, inFolder } from './tools.ts';

/**
 * Frama-C's Eva interprets the plain twins of the demo network over all inputs at once, by ranges of values: no alarm is a proof that no
 * index leaves its array, nothing is read before it was written, no signed sum overflows and no shift is too wide.
 */
const test = suite('generated C under abstract interpretation');
const withEva = withTools(test, hasProgram('frama-c', '-version'));

/**
 * Loops are followed turn by turn where they have few turns; in the others all turns are one. Exceptions in each variant, named by their
 * variable: inputs, whose pointer walks, corrections, and products, whose sum has a bound; pixels, which are alike.
 */
const LOOPS: Readonly<Record<'cortex-m0' | 'cortex-m4' | 'cortex-m55', { readonly followed: RegExp; readonly merged: RegExp }>> =
  {
    'cortex-m0': { followed: /^(i|at)$/, merged: /^$/ },
    'cortex-m4': { followed: /^$/, merged: /^$/ },
    'cortex-m55': { followed: /^k$/, merged: /^p$/ },
  };
const FEW = 16;
const MOST = 512;

/** The variants that are analysed: M4 takes seconds, the others half a minute. */
const CORES = (process.env.EVA ? Object.keys(LOOPS) : ['cortex-m4']) as (keyof typeof LOOPS)[];

/** Annotations in ACSL, comments for all else; each on its own line, so that lines keep their numbers. */
function annotated(source: string, core: keyof typeof LOOPS): string {
  const { followed, merged } = LOOPS[core];
  const lines = source.split('\n').map((line) => {
    if (/^\s*#pragma GCC unroll/.test(line)) return '';
    // Whether a window lies across the border depends on its pixel.
    if (/^(?:THUMBNET_KERNEL )?static void gather\w*\(.*int32_t first\) \{$/.test(line)) return `${line} //@ split first;`;
    const [, name, condition] = /^\s*for \(u?int32_t (\w+) = [^;]+; ([^;]+);/.exec(line) ?? [];
    const turns = Number(name && new RegExp(`\\b${name} < (\\d+)\\b`).exec(condition)?.[1]);
    const isShort = turns <= FEW || /> 0$/.test(condition ?? '') || /^\s*while \(/.test(line);
    return name && merged.test(name)
      ? line
      : isShort || (name && followed.test(name))
        ? `/*@ loop unroll ${MOST}; */ ${line}`
        : line;
  });
  return lines.join('\n');
}

/** Runs the network once on inputs of any value. */
function driver({ name, network }: CExport): string {
  const macro = name.toUpperCase();
  assert.equal([network.graph.inputs.length, network.graph.outputs.length, network.stateBytes], [1, 1, 0]);
  return `#include "${name}.h"
#include "__fc_builtin.h"
static int8_t in[${macro}_INPUT_SIZE];
static int8_t out[${macro}_OUTPUT_SIZE];
int main(void) {
  for (int i = 0; i < ${macro}_INPUT_SIZE; i++) { in[i] = (int8_t)Frama_C_interval(-128, 127); }
  ${name}_invoke(in, out);
  return 0;
}
`;
}

/** The alarms, each with its place in the annotated source. */
function alarms(generated: CExport, core: keyof typeof LOOPS): string[] {
  const { files, name } = generated;
  const source = annotated(files[`${name}.c`], core);
  return inFolder({ ...files, [`${name}.c`]: source, 'driver.c': driver(generated) }, (cwd) => {
    // An ABI of 32-bit words, little-endian, as Arm's. Frama-C knows no _Alignas.
    const flags = ['-machdep', 'gcc_x86_32', `-cpp-extra-args=-DTHUMBNET_PLAIN '-D_Alignas(x)=' -I.`];
    const args = ['-c11', '-eva', ...flags, '-eva-msg-key=-initial-state,-final-states'];
    const { stdout, stderr, status } = spawnSync('frama-c', [...args, 'driver.c', `${name}.c`, `${name}_weights.c`], {
      cwd,
      // It takes the folder from the environment.
      env: { ...process.env, PWD: cwd },
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    assert.is(status, 0, stdout.slice(-2000) + stderr);
    assert.match(stdout, /done for function main/);
    const lines = stdout.split('\n');
    return lines.flatMap((line, i) => (/\[eva:alarm\]/.test(line) ? [lines.slice(i, i + 3).join(' ')] : []));
  });
}

const heap = await Heap.open();
const float = await loadModel(await demoModel());
const demo = asStored(await quantize().run(float, { heap, data: gestures(), seed: 1, original: float }));

for (const core of CORES) {
  withEva(`the plain twins of the demo network for ${core}: no overflow and no index out of range`, async () => {
    const generated = await generateC(heap, demo, chipOf(core), { name: 'proved' });
    assert.equal(alarms(generated, core), []);
  });
}

withEva('the plain twins of a layer by Winograd: no overflow and no index out of range', async () => {
  const layer = layersGraph([{ op: 'conv2d', x: [1, 4, 6, 16], w: [9, 3, 3, 16], activation: 'relu' }], 7);
  const generated = await generateC(heap, layer, chipOf('cortex-m4'), { name: 'proved', trade: 'speed' });
  assert.ok(generated.network.layers[0].form);
  assert.equal(alarms(generated, 'cortex-m4'), []);
});

withEva('an index that leaves its array is found', async () => {
  const generated = await generateC(heap, demo, chipOf('cortex-m4'), { name: 'proved' });
  const file = `${generated.name}.c`;
  const wrong = generated.files[file].replace(/int8_t patch\[24\]/, 'int8_t patch[23]');
  assert.is.not(wrong, generated.files[file]);
  const found = alarms({ ...generated, files: { ...generated.files, [file]: wrong } }, 'cortex-m4');
  assert.ok(
    found.some((alarm) => /valid|out of bounds/.test(alarm)),
    found.join('\n'),
  );
});

test.run();
