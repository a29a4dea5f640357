/** What a command line loads before it knows what is asked of it: heavy packages come with the verb, file or picture that needs them. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/** Packages that a file and all it imports load with it; what only types are taken from is not loaded. */
function packagesWith(path: string, seen = new Set<string>(), found = new Set<string>()): Set<string> {
  if (seen.has(path)) return found;
  seen.add(path);
  for (const [, from] of readFileSync(path, 'utf8').matchAll(
    /^(?:import|export) (?!type )(?:[\w*{][^'"=(;]*? from )?'([^']+)';$/gm,
  )) {
    if (from.startsWith('.')) packagesWith(resolve(dirname(path), from), seen, found);
    else if (!from.startsWith('node:')) found.add(from);
  }
  return found;
}

const loaded = (file: string): string[] => [...packagesWith(fileURLToPath(new URL(`../../src/${file}`, import.meta.url)))].sort();

test('the command line starts without a database client, image decoders and protocol buffers', () => {
  const light = ['@assemblyscript/loader', 'cli-progress', 'cli-table3', 'commander', 'fflate', 'flatbuffers', 'valibot'];
  assert.equal(loaded('cli/main.ts'), light);
});

test('what is looked for would be found', () => {
  assert.ok(loaded('formats/onnx/read.ts').includes('@bufbuild/protobuf'));
  assert.ok(loaded('data/images.ts').includes('fast-png'));
});

test.run();
