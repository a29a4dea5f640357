/** What a page loads of each entry: bundled by esbuild as a page would, without what is loaded when it is used. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

export interface EntrySize {
  readonly entry: string;
  /** Bytes of JavaScript, minified. */
  readonly bytes: number;
  readonly gzipped: number;
  /** Bytes of the Wasm module beside it, gzipped; 0 where none is used. */
  readonly wasm: number;
}

const ENTRIES = ['thumbnet', 'thumbnet/engine', 'thumbnet/search', 'thumbnet/data', 'thumbnet/compress'];

export async function sizes(app: string): Promise<EntrySize[]> {
  const wasm = gzipSync(readFileSync(join(app, 'node_modules/thumbnet/dist/thumbnet.wasm')), { level: 9 }).length;
  const found: EntrySize[] = [];
  for (const entry of ENTRIES) {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '${entry}';`, resolveDir: app },
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      legalComments: 'none',
      logLevel: 'silent',
      plugins: [
        {
          name: 'later',
          setup: (b) =>
            void b.onResolve({ filter: /./ }, ({ kind, path }) =>
              kind === 'dynamic-import' ? { path, external: true } : undefined,
            ),
        },
      ],
    });
    const [{ contents, text }] = outputFiles;
    const gzipped = gzipSync(contents, { level: 9 }).length;
    found.push({ entry, bytes: contents.length, gzipped, wasm: text.includes('thumbnet.wasm') ? wasm : 0 });
  }
  return found;
}
