import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';

export type BrowserName = 'chromium' | 'firefox';

const PROGRAMS: Record<BrowserName, readonly string[]> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['firefox-esr', 'firefox'],
};

/** Quiet: without these Chromium looks for its maker's hosts at every start. */
const QUIET = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A program of the search path, or of the environment's CHROMIUM or FIREFOX; null where there is none. */
export function findBrowser(name: BrowserName): string | null {
  const given = process.env[name.toUpperCase()];
  if (given) return given;
  for (const program of PROGRAMS[name]) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, program);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // the next one
      }
    }
  }
  return null;
}

/** A headless browser with a fresh profile. */
export async function launch(name: BrowserName): Promise<Browser> {
  const executablePath = findBrowser(name);
  if (!executablePath)
    throw new Error(`no ${name} in the search path: install Debian's ${PROGRAMS[name][0]}, or name it by ${name.toUpperCase()}`);
  const common = { executablePath, headless: true, protocolTimeout: 900_000 };
  return name === 'firefox'
    ? puppeteer.launch({ ...common, browser: 'firefox' })
    : puppeteer.launch({ ...common, browser: 'chrome', args: ['--no-sandbox', '--disable-gpu', ...QUIET] });
}
