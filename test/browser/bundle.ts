import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { texts } from '../../scripts/browser_bundle.ts';
import { ROOT } from './files.ts';

export const PAGES = join(ROOT, 'test/browser/pages');

/** Names of the pages, in order. */
export const pageNames = (): string[] =>
  readdirSync(PAGES)
    .filter((f) => f.endsWith('.ts'))
    .map((f) => basename(f, '.ts'))
    .sort();

/** Where a page is served: two folders deep, as every source file is, so that `../../dist/` means the same from it. */
export const addressOf = (page: string): string => `/bundle/pages/${page}.js`;

/** Bundles pages of a folder, by the address they are served at. */
export async function bundle(folder: string, pages: readonly string[]): Promise<Map<string, Uint8Array>> {
  const result = await build({
    entryPoints: pages.map((name) => join(folder, `${name}.ts`)),
    outdir: join(ROOT, 'bundle/pages'),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // the page's server has the Wasm modules, and pages start no workers
    loader: { '.wasm': 'empty' },
    plugins: [texts(false)],
    nodePaths: [join(ROOT, 'bench/node_modules')],
    logLevel: 'warning',
  });
  return new Map(result.outputFiles.map((f) => [addressOf(basename(f.path, '.js')), f.contents]));
}
