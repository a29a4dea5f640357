/** The page by every bundler, without configuration of how Wasm or workers are found. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serve } from '../browser/server.ts';
import { copyOf, TOOLS } from './install.ts';

/** A page that is being served. */
export interface Served {
  readonly url: string;
  close(): Promise<unknown>;
}

const require = createRequire(join(TOOLS, 'x.js'));
// biome-ignore lint/suspicious/noExplicitAny: the bundlers are no packages of the project, so their types are not there
const tool = (name: string, file: string): Promise<any> => import(pathToFileURL(join(TOOLS, name, file)).href);

/** A folder with index.html, served as it is. */
async function served(folder: string): Promise<Served> {
  const { url, server } = await serve(new Map(), { app: folder });
  return { url: `${url}/app/index.html`, close: async () => server.close() };
}

/** index.html beside a bundle and the files that the page fetches. */
function asPage(app: string, out: string, script: string): void {
  cpSync(join(app, 'public'), out, { recursive: true });
  writeFileSync(join(out, 'index.html'), readFileSync(join(app, 'index.html'), 'utf8').replace('./main.js', script));
}

const vite = (name: string) => ({
  async dev(app: string): Promise<Served> {
    const { createServer } = await tool(name, 'dist/node/index.js');
    const server = await createServer({
      root: app,
      configFile: false,
      logLevel: 'error',
      server: { port: 0, host: '127.0.0.1' },
    });
    await server.listen();
    return { url: server.resolvedUrls.local[0], close: () => server.close() };
  },
  async build(app: string): Promise<Served> {
    const { build } = await tool(name, 'dist/node/index.js');
    await build({ root: app, configFile: false, logLevel: 'error', base: './' });
    return served(join(app, 'dist'));
  },
});

async function webpack(app: string): Promise<Served> {
  const out = join(app, 'dist');
  const compiler = require('webpack')({ mode: 'production', context: app, entry: './main.js', output: { path: out } });
  await new Promise<void>((resolve, reject) => {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    compiler.run((error: Error | null, stats: any) => {
      if (error) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })));
      else resolve();
    });
  });
  asPage(app, out, './main.js');
  return served(out);
}

async function rollup(app: string): Promise<Served> {
  const { rollup: bundle } = await tool('rollup', 'dist/es/rollup.js');
  const { nodeResolve } = await tool('@rollup/plugin-node-resolve', 'dist/es/index.js');
  const made = await bundle({ input: join(app, 'main.js'), plugins: [nodeResolve()] });
  const out = join(app, 'dist');
  await made.write({ dir: out, format: 'es' });
  asPage(app, out, './main.js');
  return served(out);
}

async function esbuild(app: string): Promise<Served> {
  const { build } = await tool('esbuild', 'lib/main.js');
  const out = join(app, 'dist');
  await build({ entryPoints: [join(app, 'main.js')], bundle: true, format: 'esm', outdir: out, logLevel: 'silent' });
  asPage(app, out, './main.js');
  return served(out);
}

/** No bundler: the package's folder beside the page, as a CDN has it. */
async function plain(app: string): Promise<Served> {
  cpSync(join(app, 'node_modules/thumbnet'), join(app, 'cdn/thumbnet'), { recursive: true, dereference: true });
  const source = readFileSync(join(app, 'job.js'), 'utf8');
  writeFileSync(join(app, 'job.js'), source.replaceAll(/'thumbnet\/(\w+)'/g, "'./cdn/thumbnet/dist/browser/$1.js'"));
  cpSync(join(app, 'public'), app, { recursive: true });
  return served(app);
}

const MAKERS: Readonly<Record<string, (app: string) => Promise<Served>>> = {
  'vite 7 dev': vite('vite7').dev,
  'vite 7 build': vite('vite7').build,
  'vite 8 dev': vite('vite8').dev,
  'vite 8 build': vite('vite8').build,
  'webpack 5': webpack,
  rollup,
  esbuild,
  'no bundler': plain,
};

export const BUNDLERS = Object.keys(MAKERS);

export const serveBy = (name: string, app: string): Promise<Served> => MAKERS[name](copyOf(app, name.replaceAll(' ', '_')));
