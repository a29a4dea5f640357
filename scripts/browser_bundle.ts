/** The package for browsers, in dist/browser: every entry an ES module with all that it imports, what they share in chunks. */
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const OUT = join(ROOT, 'dist/browser');

/** Of package.json's exports. */
const ENTRIES = {
  index: 'index',
  engine: 'engine',
  search: 'search/index',
  data: 'entries/data',
  compress: 'entries/compress',
  worker: 'entries/worker',
};

/** A worker in one file, made first: the entries have its text in a chunk. It is no file of the package. */
const WHOLE_WORKER = join(ROOT, 'dist/.whole/worker.js');

/** `name?text`: the text of a file. @param texts whether there are any; a worker starts no workers */
export const texts = (isIncluded: boolean): Plugin => ({
  name: 'text',
  setup(b) {
    b.onResolve({ filter: /\?text$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.slice(0, -5)),
      namespace: 'text',
    }));
    b.onLoad({ filter: /./, namespace: 'text' }, async ({ path }) => ({
      contents: isIncluded ? await readFile(path, 'utf8') : '',
      loader: 'text',
    }));
  },
});

/** What every bundle for browsers needs; src/host/browser.ts takes the place of src/host/node.ts by package.json's field "browser". */
const common: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
};

export async function bundleForBrowsers(): Promise<void> {
  rmSync(OUT, { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: ['src/entries/worker.ts'],
    outfile: WHOLE_WORKER,
    plugins: [texts(false)],
    loader: { '.wasm': 'empty' },
  });
  await build({
    ...common,
    entryPoints: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, `src/${file}.ts`])),
    outdir: OUT,
    plugins: [texts(true)],
    loader: { '.wasm': 'binary' },
    splitting: true,
    // as deep as the sources are, so that ../../dist/ means the same from a chunk
    chunkNames: '[name]-[hash]',
  });
}
