import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BOARDS, qemuArguments } from '../../src/c/project/boards.ts';
import { exportTflite } from '../../src/index.ts';
import { layersGraph } from '../c/layers.ts';
import { hasTools, withTools } from '../emulator/tools.ts';
import { inProcess } from './in_process.ts';

const folder = mkdtempSync(join(tmpdir(), 'thumbnet-export-'));
test.after(() => rmSync(folder, { recursive: true }));

const graph = layersGraph([{ op: 'conv2d', x: [1, 6, 6, 4], w: [8, 3, 3, 4], activation: 'relu' }], 4);
const model = join(folder, '2 small-net.tflite');
writeFileSync(model, exportTflite({ graph, facts: {} }));

const run = (...args: string[]) => inProcess('export', model, '--format', 'c', ...args);

test('C takes the types that --io asks for; what means nothing to a format is said', async () => {
  const out = join(folder, 'float');
  const { code, err } = await run('--target', 'stm32f446re', '--io', 'float32', '--opset', '21', '--name', 'net', '--out', out);
  assert.is(code, 0, err);
  assert.match(err, /warning: --opset has no meaning for --format c/);
  assert.match(readFileSync(join(out, 'thumbnet_net.h'), 'utf8'), 'void thumbnet_net_invoke(const float *in, float *out);');
  const plain = ['export', model, '--format', 'tflite', '--name', 'net', '--trade', 'flash', '--out', join(folder, 'plain')];
  assert.match((await inProcess(...plain)).err, /^warning: --name has no .*\nwarning: --trade has no [^\n]*\n$/);
});

test('a folder of C, named after the model, and never over something else', async () => {
  const out = join(folder, 'c');
  const { code, out: json } = await run('--target', 'stm32f446re', '--out', out, '--json');
  assert.is(code, 0);
  const facts = JSON.parse(json);
  assert.is(facts.format, 'c');
  assert.ok(facts.constantBytes > 200 && facts.arenaBytes > 0);
  const name = 'thumbnet_model_2_small_net';
  assert.equal(readdirSync(out).sort(), [
    'CMakeLists.txt',
    'README.md',
    'board',
    'main.c',
    `${name}.c`,
    `${name}.h`,
    `${name}_weights.c`,
    `${name}_weights.h`,
  ]);
  assert.match(readFileSync(join(out, `${name}.h`), 'utf8'), `void ${name}_invoke(const int8_t *in, int8_t *out);`);
  const again = await run('--target', 'stm32f446re', '--out', out);
  assert.is(again.code, 2);
  assert.match(again.err, /--force/);
  assert.is((await run('--target', 'stm32f446re', '--out', out, '--force')).code, 0);
  writeFileSync(join(out, 'mine.txt'), 'x');
  const other = await run('--target', 'stm32f446re', '--out', out, '--force');
  assert.is(other.code, 2);
  assert.match(other.err, /mine\.txt/);
});

test('errors name what is wrong with its fix, and nothing is written', async () => {
  const out = join(folder, 'none');
  for (const [flags, wanted] of [
    [['--out', out], /--target/],
    [['--out', out, '--target', 'nothing'], /nearest are/],
    [['--out', out, '--target', 'stm32f446re', '--name', 'a b'], /letters, digits/],
    [['--out', '', '--target', 'stm32f446re'], /--out is empty/],
  ] as const) {
    const { code, err } = await run(...flags);
    assert.is(code, 2, err);
    assert.match(err, wanted);
    assert.not(readdirSync(folder).includes('none'));
  }
});

withTools(test)('verify says what it counted', async () => {
  const { code, out: json, err } = await inProcess('verify', model, '--target', 'stm32f446re', '--inputs', '3', '--json');
  assert.is(code, 0, err);
  const { difference, layers, instructions, stackBytes, sections } = JSON.parse(json);
  assert.is(difference, null);
  assert.is(layers.length, 1);
  assert.is(layers[0].instructions, instructions);
  assert.ok(instructions > 5000 && instructions < 20000, `${instructions}`);
  assert.ok(stackBytes > 50 && stackBytes < 2000);
  assert.ok(sections['.text'] > 1000);
  const text = await inProcess('verify', model, '--target', 'stm32f072rb');
  assert.match(text.out, /equal to the integer engine on 8 inputs, bit for bit/);
  assert.is((await inProcess('verify', model, '--target', 'stm32f446re', '--inputs', '0')).code, 2);
});

const hasCmake = spawnSync('cmake', ['--version']).status === 0;

withTools(test, hasTools && hasCmake)(
  'the folder builds with CMake, on the host and for the emulated board, and its example agrees',
  async () => {
    const out = join(folder, 'project');
    assert.is((await run('--target', 'stm32f446re', '--out', out)).code, 0);
    const cmake = (...args: string[]) => execFileSync('cmake', args, { cwd: out, stdio: 'pipe' });
    cmake('-B', 'host');
    cmake('--build', 'host');
    assert.match(execFileSync(join(out, 'host/example'), { encoding: 'utf8' }), /equal to the engine/);
    cmake('-B', 'arm', '-DCMAKE_TOOLCHAIN_FILE=board/toolchain.cmake');
    cmake('--build', 'arm');
    const printed = execFileSync('qemu-system-arm', qemuArguments(BOARDS['cortex-m4'], 'arm/example.elf'), {
      cwd: out,
      encoding: 'utf8',
    });
    assert.match(printed, /example 0: class \d+, cycles \d+/);
    assert.match(printed, /equal to the engine/);
  },
);

test.run();
