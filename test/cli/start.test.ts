/** What a command line loads before it knows what is asked of it: heavy packages come with the verb, file or picture that needs them. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** Files and packages that a file loads with all it imports; what only types are taken from is not loaded. */
function load(path: string, files: Set<string>, packages: Set<string>): void {
  if (files.has(path)) return;
  files.add(path);
  for (const [, from] of readFileSync(path, 'utf8').matchAll(
    /^(?:import|export) (?!type )(?:[\w*{][^'"=(;]*? from )?'([^']+)';$/gm,
  )) {
    if (from.startsWith('.')) load(resolve(dirname(path), from), files, packages);
    else if (!from.startsWith('node:')) packages.add(from);
  }
}

function loaded(...paths: readonly string[]) {
  const [files, packages] = [new Set<string>(), new Set<string>()];
  for (const path of paths) load(resolve(SRC, path), files, packages);
  return { files: [...files].map((file) => file.slice(SRC.length)), packages: [...packages].sort() };
}

/** The modules of the verbs, which the command line imports when they are asked for. */
const VERBS = [...readFileSync(resolve(SRC, 'cli/verbs.ts'), 'utf8').matchAll(/import\('\.\/(\w+\.ts)'\)/g)].map(
  ([, file]) => `cli/${file}`,
);

test('a command line loads no room but those of chips and messages before it knows its verb', () => {
  const rooms = new Set(loaded('cli/main.ts').files.map((file) => file.split('/')[0]));
  for (const room of ['formats', 'ops', 'wasm', 'compress', 'data']) assert.not(rooms.has(room), room);
});

test('verbs are loaded without a database client, image decoders and protocol buffers', () => {
  const light = ['@assemblyscript/loader', 'cli-progress', 'cli-table3', 'commander', 'fflate', 'flatbuffers', 'valibot'];
  assert.ok(VERBS.length > 20);
  assert.equal(loaded('cli/main.ts', ...VERBS).packages, light);
});

test('what is looked for would be found', () => {
  assert.ok(loaded('formats/onnx/read.ts').packages.includes('@bufbuild/protobuf'));
  assert.ok(loaded('data/images.ts').packages.includes('fast-png'));
  assert.ok(loaded('cli/inspect.ts').files.includes('formats/index.ts'));
});

test.run();
