import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/** A room may import itself and the rooms above it, never one below. */
const ROOMS = [
  'errors.ts',
  'random.ts',
  'elementary.ts',
  'digest.ts',
  'plugins.ts',
  'host',
  'search',
  'options',
  'study',
  'graph',
  'wasm',
  'features',
  'data',
  'ops',
  'run',
  'task',
  'builders',
  'formats',
  'targets',
  'stage.ts',
  'judge.ts',
  'evaluate.ts',
  'doubts.ts',
  'simplify',
  'train',
  'prune',
  'quant',
  'distill',
  'pipeline.ts',
  'model.ts',
  'inspect.ts',
  'conform',
  'c',
  'mcu',
  'engine.ts',
  'emulator',
  'report',
  'compress',
  'ablate',
  'demo',
  'index.ts',
  'entries',
  'cli',
  'cli.ts',
];
const SRC = fileURLToPath(new URL('../src/', import.meta.url));

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : path.endsWith('.ts') ? [path] : [];
  });
}

const roomOf = (path: string) => relative(SRC, path).split(/[/\\]/)[0];

test('every room under src/ is in the list', () => {
  for (const name of readdirSync(SRC)) assert.ok(ROOMS.includes(name), `src/${name} is not in the list of rooms`);
});

test('no import points to a room below', () => {
  const wrong: string[] = [];
  for (const path of files(SRC)) {
    for (const [, target] of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const to = resolve(dirname(path), target);
      if (!to.startsWith(SRC)) continue;
      if (ROOMS.indexOf(roomOf(to)) > ROOMS.indexOf(roomOf(path))) wrong.push(`${relative(SRC, path)} -> ${relative(SRC, to)}`);
    }
  }
  assert.equal(wrong, []);
});

const CONTRIBUTING = readFileSync(new URL('../CONTRIBUTING.md', import.meta.url), 'utf8');

test('CONTRIBUTING lists the rooms in this order', () => {
  const [, list] = /^ {4}src\/.*\n((?: {6}.*\n)+)/m.exec(CONTRIBUTING)!;
  const named = list.split('\n').flatMap((line) =>
    line
      .trim()
      .split(/(?<!,) +/)[0]
      .split(/, */),
  );
  assert.equal(
    named.filter((name) => name).map((name) => name.replace('/', '')),
    ROOMS,
  );
});

test('what the diffs of CONTRIBUTING add is in the files that they name', () => {
  let lines = 0;
  for (const [, diff] of CONTRIBUTING.matchAll(/```diff\n([\s\S]*?)```/g)) {
    let path = '';
    let file: string[] = [];
    for (const line of diff.trimEnd().split('\n')) {
      if (line.startsWith('--- ')) {
        path = line.slice(4);
        file = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8').split('\n');
      } else if (line.startsWith('+')) {
        assert.ok(file.includes(line.slice(1)), `${path} has no line "${line.slice(1)}"`);
        lines++;
      }
    }
  }
  assert.ok(lines > 30);
});

test('file names are snake_case', () => {
  for (const path of files(SRC)) assert.match(relative(SRC, path), /^[a-z0-9_/\\]+(\.[a-z]+)?\.ts$/);
});

test.run();
