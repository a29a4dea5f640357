// The package from npm's tarball: sizes, bundlers in Chromium and Firefox, TypeScript, CommonJS, versions of Node.
//   node --import tsx test/package/run.ts [BUNDLER...]
// Ends with totals as uvu prints them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { launch } from '../browser/launch.ts';
import { BUNDLERS, serveBy } from './bundlers.ts';
import { check, end } from './checks.ts';
import { installed, makeApp, ROOT, run, TOOLS } from './install.ts';
import { sizes } from './sizes.ts';

const asked = process.argv.slice(2);
const { app, packed, done } = makeApp();
process.on('exit', done);

const tool = (path: string) => join(TOOLS, path);
const node = (version: string) => tool(`node${version}/bin/node`);
const parsed = (text: string) => JSON.parse(text.trim().split('\n').at(-1)!);

await check('what is packed', () => {
  const wrong = packed.files.filter(({ path }) => !/^(dist|docs|assets)\/[^.]|^[A-Z]+\.md$|^LICENSE$|^package\.json$/.test(path));
  assert.deepEqual(wrong, []);
  return `${packed.files.length} files, ${(packed.unpackedSize / 1e6).toFixed(1)} MB`;
});

await check('what is installed: at most 15 MB in 40 packages', () => {
  const { kilobytes, packages } = installed(app);
  assert.ok(kilobytes <= 15e3 && packages.length <= 40, `${kilobytes} KB, ${packages.length} packages: ${packages.join(' ')}`);
  return `${(kilobytes / 1000).toFixed(1)} MB, ${packages.length} packages`;
});

await check('sizes of entries', async () => {
  const found = await sizes(app);
  console.table(Object.fromEntries(found.map(({ entry, ...size }) => [entry, size])));
  const engine = found.find(({ entry }) => entry === 'thumbnet/engine')!;
  assert.ok(engine.gzipped <= 61440 && engine.wasm <= 61440, 'the engine is larger than 60 KiB of JavaScript and 60 KiB of Wasm');
});

const TSC5 = tool('typescript/bin/tsc');
const TSC7 = join(ROOT, 'node_modules/.bin/tsc');
for (const [name, tsc, module, moduleResolution] of [
  ['TypeScript 5.9, nodenext', TSC5, 'nodenext', 'nodenext'],
  ['TypeScript 5.9, bundler', TSC5, 'esnext', 'bundler'],
  ['TypeScript 5.9, node10 and commonjs', TSC5, 'commonjs', 'node10'],
  ['TypeScript 7, nodenext', TSC7, 'nodenext', 'nodenext'],
  ['TypeScript 7, bundler', TSC7, 'esnext', 'bundler'],
] as const) {
  await check(name, () => {
    const lib = ['es2023', 'dom', 'dom.iterable'];
    const compilerOptions = { module, moduleResolution, target: 'es2022', lib, types: [], strict: true, noEmit: true };
    writeFileSync(join(app, 'consumer.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    return void run(tsc, ['-p', 'consumer.json'], app);
  });
}

let expected: Record<string, unknown> = {};
for (const version of ['20', '22', '24']) {
  await check(`Node ${version}: import, and compress in two threads`, () => {
    const { longest: _, ...found } = parsed(run(node(version), ['node.mjs'], app));
    if (!Object.keys(expected).length) expected = found;
    assert.deepEqual(found, expected);
    return run(node(version), ['--version'], app).trim();
  });
  await check(`Node ${version}: require`, () => {
    assert.deepEqual(parsed(run(node(version), ['--no-warnings', 'common.cjs'], app)), {
      accuracy: expected.accuracy,
      isSame: true,
    });
    return undefined;
  });
}

await check('Node that cannot require ES modules says so', () => {
  const { status, stderr } = spawnSync(node('22'), ['--no-experimental-require-module', 'common.cjs'], {
    cwd: app,
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /require\(\) of ES modules needs Node 20\.19 or 22\.12/);
  return undefined;
});

await check('Node 18: the command says what it needs', () => {
  const command = join(app, 'node_modules/thumbnet/dist/cli.js');
  const { status, stderr } = spawnSync(node('18'), [command, 'targets'], { cwd: app, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /^error: thumbnet needs Node 20 or newer, and this is v18.*\n {2}fix: update Node\n$/);
  return undefined;
});

const browsers: [string, Browser][] = [];
for (const name of ['chromium', 'firefox'] as const) {
  await check(name, async () => {
    const browser = await launch(name);
    browsers.push([name, browser]);
    return browser.version();
  });
}
for (const name of asked.length ? asked : BUNDLERS) {
  let page: Awaited<ReturnType<typeof serveBy>> | null = null;
  await check(name, async () => {
    page = await serveBy(name, app);
    return undefined;
  });
  if (!page) continue;
  const { url, close } = page as Awaited<ReturnType<typeof serveBy>>;
  for (const [browserName, browser] of browsers) {
    await check(`${name} in ${browserName}: load, evaluate, compress`, async () => {
      let again = '';
      const result = await resultOf(browser, url, 60_000).catch((e: Error) => {
        // Firefox 153 left about one page of a hundred hanging on a busy machine, for a reason that is not known: counted and said.
        if (browserName !== 'firefox' || !/Waiting failed/.test(e.message)) throw e;
        again = '; SECOND ATTEMPT, the first one had not ended after 60 s';
        return resultOf(browser, url, 120_000);
      });
      const { longest, broken, ...found } = result;
      assert.match(String(broken), /no such worker/);
      assert.deepEqual(found, expected);
      return `the same as in Node; longest wait of the page ${longest} ms${again}`;
    });
  }
  await close();
}
for (const [, browser] of browsers) await browser.close();
end();

/** What the page put into its title. */
async function resultOf(browser: Browser, url: string, timeout: number): Promise<Record<string, unknown>> {
  const tab = await browser.newPage();
  try {
    await tab.goto(url);
    await tab.waitForFunction("document.title !== 'wait'", { timeout, polling: 100 });
    const result = JSON.parse(await tab.title());
    if (result.error) throw new Error(result.error);
    return result;
  } finally {
    await tab.close();
  }
}
