// Runs the pages of this folder in headless Chromium and Firefox, and in Node what they compare their bytes with.
//   npm run test:browser [-- PAGE...]
// Ends with totals as uvu prints them.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { bundle, PAGES, pageNames } from './bundle.ts';
import { FOLDERS, listFolder, readFrom } from './files.ts';
import { type BrowserName, launch } from './launch.ts';
import type { Page, PageContext, PageResult } from './page.ts';
import { serve } from './server.ts';
import { runPage } from './session.ts';

interface PageModule {
  readonly default: Page;
  /** Where the page runs; both where it does not say. */
  readonly browsers?: readonly BrowserName[];
}

const started = Date.now();
let passed = 0;
let skipped = 0;
let total = 0;

const local: PageContext = { file: (path) => readFrom(path, FOLDERS), list: (folder) => listFolder(folder, FOLDERS) };
const asked = process.argv.slice(2);
const pages = asked.length ? asked : pageNames();
const modules = new Map<string, PageModule>();
const expected = new Map<string, PageResult | null>();
for (const name of pages) {
  const module: PageModule = await import(pathToFileURL(join(PAGES, `${name}.ts`)).href);
  modules.set(name, module);
  expected.set(name, module.browsers ? null : await module.default(local));
}
const { url, server } = await serve(await bundle(PAGES, pages), FOLDERS);
for (const browserName of ['chromium', 'firefox'] as const) await runIn(browserName);
server.close();

console.log(`\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  ${Date.now() - started}ms\n`);
process.exit(total === passed ? 0 : 1);

async function runIn(browserName: BrowserName): Promise<void> {
  let browser: Browser;
  try {
    browser = await launch(browserName);
  } catch (e) {
    total++;
    console.log(`  FAIL  ${browserName}: ${(e as Error).message}`);
    return;
  }
  console.log(`\n${await browser.version()}`);
  for (const [name, module] of modules) {
    if (module.browsers && !module.browsers.includes(browserName)) continue;
    const result = await runPage<PageResult>(browser, url, name).catch(ended);
    report(`${browserName} ${name}`, result, expected.get(name) ?? null);
  }
  await browser.close();
}

function ended(e: unknown): PageResult {
  return {
    passed: 0,
    failures: [`the page ended with ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`],
  };
}

function report(title: string, result: PageResult, node: PageResult | null): void {
  const failures = [...result.failures];
  let same = 0;
  for (const [what, digest] of Object.entries(node?.digests ?? {})) {
    if (result.digests?.[what] === digest) same++;
    else failures.push(`${what}: ${result.digests?.[what]?.slice(0, 16) ?? 'nothing'} here, ${digest.slice(0, 16)} in Node`);
  }
  if (result.skipped) skipped++;
  passed += result.passed + same;
  total += result.passed + same + failures.length;
  console.log(
    `  ${failures.length ? 'FAIL' : result.skipped ? 'skip' : 'ok  '}  ${title}: ${result.passed + same} passed${same ? ` (${same} equal to Node)` : ''}`,
  );
  for (const note of [...(result.skipped ? [result.skipped] : []), ...(result.notes ?? [])]) console.log(`        ${note}`);
  for (const failure of failures.slice(0, 20)) console.log(`        ${failure}`);
  if (failures.length > 20) console.log(`        and ${failures.length - 20} more`);
}
