import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BOARDS, qemuArguments } from '../../src/c/project/boards.ts';
import { type Part, takeExamples, writeNpy } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/index.ts';
import { sha256 } from '../../src/digest.ts';
import { exportTflite } from '../../src/index.ts';
import { layersGraph } from '../c/layers.ts';
import { hasTools, withTools } from '../emulator/tools.ts';
import { inProcess } from './in_process.ts';

/** From the demo's network to its C on an emulated chip, by commands alone. */

const folder = mkdtempSync(join(tmpdir(), 'thumbnet-user-'));
test.after(() => rmSync(folder, { recursive: true }));

const FLOAT = fileURLToPath(new URL('../../assets/gestures.tflite', import.meta.url));
const data = join(folder, 'data');
const model = join(folder, 'model.tflite');
const recipe = '{"version": 1, "seed": 0, "stages": [{"stage": "quantize"}]}\n';

function writePart(name: string, part: Part, count: number): void {
  const own = takeExamples(
    part,
    Array.from({ length: count }, (_, i) => i),
  );
  mkdirSync(join(data, name), { recursive: true });
  writeFileSync(join(data, name, 'x.npy'), writeNpy(own.inputs[0], [count, 128, 1, 3]));
  writeFileSync(join(data, name, 'y.npy'), writeNpy(own.y as Int32Array, [count]));
}

test.before(async () => {
  const { train, test: judged } = gestures();
  writePart('train', train!, 128);
  writePart('test', judged!, 16);
  const { code, err } = await inProcess('quantize', FLOAT, '--data', data, '--out', model);
  assert.is(code, 0, err);
  writeFileSync(join(folder, 'recipe.json'), recipe);
});

const hasCmake = spawnSync('cmake', ['--version']).status === 0;

test('the example of the exported folder prints the class of real samples on the emulated board', async () => {
  const out = join(folder, 'gestures');
  const exported = await inProcess('export', model, '--format', 'c', '--target', 'stm32l476rg', '--data', data, '--out', out);
  assert.is(exported.code, 0, exported.err);
  const digest = await sha256(new TextEncoder().encode(recipe));
  for (const file of ['thumbnet_model.h', 'thumbnet_model.c', 'thumbnet_model_weights.c', 'main.c']) {
    assert.match(readFileSync(join(out, file), 'utf8'), `Recipe ${digest}`);
  }
  if (!hasTools || !hasCmake) return;
  execFileSync('cmake', ['-B', 'build', '-DCMAKE_TOOLCHAIN_FILE=board/toolchain.cmake'], { cwd: out, stdio: 'pipe' });
  execFileSync('cmake', ['--build', 'build'], { cwd: out, stdio: 'pipe' });
  const printed = execFileSync('qemu-system-arm', qemuArguments(BOARDS['cortex-m4'], 'build/example.elf'), {
    cwd: out,
    encoding: 'utf8',
  });
  const told = [...printed.matchAll(/example (\d): class (\d), expected (\d), cycles \d+/g)];
  assert.is(told.length, 2, printed);
  const labels = gestures().test!.y!;
  assert.is(Number(told[0][3]), labels[0]);
  for (const [, , got, wanted] of told) assert.is(got, wanted);
  assert.is.not(told[0][3], told[1][3]);
  assert.match(printed, /equal to the engine/);
});

withTools(test)('verify that finds a difference says where and ends with 1', async () => {
  // A compiler that damages one weight of the constants on its way.
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  const real = execFileSync('which', ['arm-none-eabi-gcc'], { encoding: 'utf8' }).trim();
  const damage = `[ -f ok ] || { sed -i '/_l0_weights\\[/{n;s/0x[0-9a-f]*/0x12345678/}' *_weights.c 2>/dev/null; touch ok; }`;
  writeFileSync(
    join(tools, 'arm-none-eabi-gcc'),
    `#!/bin/sh\ncase "$1" in --version) ;; *) ${damage} ;; esac\nexec ${real} "$@"\n`,
  );
  chmodSync(join(tools, 'arm-none-eabi-gcc'), 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${tools}${delimiter}${before}`;
  try {
    const { code, out } = await inProcess('verify', model, '--target', 'stm32l476rg');
    assert.is(code, 1);
    assert.match(
      out,
      /DIFFERENT from the integer engine: input \d+, layer "[^"]+" \(convolve_s8\), element \d+: expected -?\d+, got -?\d+/,
    );
  } finally {
    process.env.PATH = before;
  }
});

test('without the toolchain verify tells the line that installs it, and export needs none', async () => {
  const before = process.env.PATH;
  process.env.PATH = folder;
  try {
    const { code, err } = await inProcess('verify', model, '--target', 'stm32l476rg');
    assert.is(code, 2);
    assert.match(err, /apt-get install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm gcc/);
    const out = join(folder, 'alone');
    assert.is((await inProcess('export', model, '--format', 'c', '--target', 'stm32l476rg', '--out', out)).code, 0);
  } finally {
    process.env.PATH = before;
  }
});

test('models that cannot become C end with 2 and what to do', async () => {
  const out = join(folder, 'refused');
  const float = await inProcess('export', FLOAT, '--format', 'c', '--target', 'stm32l476rg', '--out', out);
  assert.is(float.code, 2);
  assert.match(float.err, /thumbnet quantize/);
  const checked = await inProcess('verify', FLOAT, '--target', 'stm32l476rg');
  assert.is(checked.code, 2);
  assert.match(checked.err, /thumbnet quantize/);
  // 100 KiB of weights, 64 KiB of flash
  const large = join(folder, 'large.tflite');
  const graph = layersGraph([{ op: 'fullyConnected', x: [1, 512], w: [200, 512] }], 1);
  writeFileSync(large, exportTflite({ graph, facts: {} }));
  const small = await inProcess('export', large, '--format', 'c', '--target', 'stm32l053r8', '--out', out);
  assert.is(small.code, 2);
  assert.match(small.err, /constants take \d+ bytes, and stm32l053r8 has 65536 bytes of flash/);
  assert.match(small.err, /choose a larger chip/);
  assert.not(existsSync(out));
});

test.run();
