import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exportC } from '../../src/c/export.ts';
import { formatC } from '../../src/c/format.ts';
import { generateC } from '../../src/c/index.ts';
import { demoModel } from '../../src/demo/index.ts';
import { CompressError } from '../../src/errors.ts';
import { loadModel } from '../../src/model.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { chipOf } from '../emulator/tools.ts';
import { type LayerSpec, layersGraph } from './layers.ts';

const heap = await Heap.open();
const SPECS: LayerSpec[] = [
  { op: 'conv2d', x: [1, 6, 6, 4], w: [8, 3, 3, 4], activation: 'relu' },
  { op: 'depthwiseConv2d', x: [1, 5, 5, 8], w: [1, 3, 3, 8], activation: 'relu' },
  { op: 'fullyConnected', x: [1, 16], w: [5, 16] },
];
const graph = layersGraph(SPECS, 11);

async function refused(work: () => Promise<unknown>): Promise<CompressError> {
  try {
    await work();
  } catch (e) {
    assert.instance(e, CompressError);
    return e as CompressError;
  }
  throw new Error('it was not refused');
}

test('equal input gives equal text, and another model another digest', async () => {
  const one = await generateC(heap, graph, chipOf('cortex-m4'), { name: 'twice' });
  const two = await generateC(heap, layersGraph(SPECS, 11), chipOf('cortex-m4'), { name: 'twice' });
  assert.equal(one.files, two.files);
  const other = await generateC(heap, layersGraph(SPECS, 12), chipOf('cortex-m4'), { name: 'twice' });
  const digest = /Model ([0-9a-f]{64})/;
  for (const [file, text] of Object.entries(one.files)) {
    if (!/\.[ch]$/.test(file) || file.startsWith('board/')) continue;
    assert.match(text, digest);
    assert.is.not(digest.exec(text)![1], digest.exec(other.files[file])![1]);
  }
});

test('lines of C are indented by braces, continued lines twice', () => {
  const text = formatC('int f(int a) {\nif (a) {\n#if X\nreturn g(a,\n"}");\n#endif\n}\n\nreturn a\n+ 1;\n}');
  const wanted = 'int f(int a) {\n  if (a) {\n#if X\n    return g(a,\n        "}");\n#endif\n  }\n\n  return a\n      + 1;\n}\n';
  assert.is(text, wanted);
});

test('what cannot be exported is refused with what to do', async () => {
  const float = await loadModel(await demoModel());
  assert.is((await refused(() => exportC(float, 'stm32f446re', { heap }))).code, 'not-ready');
  const model = { graph, facts: {} };
  for (const name of ['', '1st', 'a-b', 'x'.repeat(49), 'é']) {
    const e = await refused(() => exportC(model, 'stm32f446re', { heap, name }));
    assert.is(e.code, 'bad-option');
    assert.match(e.message, /letters, digits and underscores/);
  }
  assert.is((await refused(() => exportC(model, 'no-such-chip', { heap }))).code, 'unknown-target');
  const tiny = { ...chipOf('cortex-m4'), flashBytes: 100 };
  assert.match((await refused(() => exportC(model, tiny, { heap }))).message, /bytes of flash/);
  const narrow = { ...chipOf('cortex-m4'), ramBytes: 100 };
  assert.match((await refused(() => exportC(model, narrow, { heap }))).message, /bytes of RAM/);
});

const WARNINGS = '-Wall -Wextra -Wconversion -Wshadow -Wcast-align -Wvla -Werror'.split(' ');
const hasGcc = spawnSync('gcc', ['--version']).status === 0;

for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
  test(`the plain twins for ${core} answer on the host as the engine does, under sanitizers`, async () => {
    if (!hasGcc) return;
    const { files, name } = await generateC(heap, graph, chipOf(core), { name: 'host' });
    const folder = mkdtempSync(join(tmpdir(), 'thumbnet-host-'));
    try {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
      }
      const flags = ['-std=c11', '-O1', ...WARNINGS, '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
      const sources = ['main.c', `${name}.c`, `${name}_weights.c`];
      execFileSync('gcc', [...flags, '-o', 'example', ...sources], { cwd: folder, stdio: 'pipe' });
      const printed = execFileSync(join(folder, 'example'), { encoding: 'utf8' });
      assert.match(printed, /equal to the engine/);
      // A changed constant is noticed twice: by its CRC, and in the answer.
      const weights = files[`${name}_weights.c`].replace(/(_l0_weights\[\d+\] = \{\s*)(\S+),/, (_, a, b) => `${a}(${b}) ^ 1,`);
      writeFileSync(join(folder, `${name}_weights.c`), weights);
      execFileSync('gcc', ['-std=c11', '-w', '-o', 'example', ...sources], { cwd: folder, stdio: 'pipe' });
      assert.match(spawnSync(join(folder, 'example'), { encoding: 'utf8' }).stdout, /constants are damaged/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test.run();
