import type { Browser } from 'puppeteer-core';
import { addressOf } from './bundle.ts';

/** Opens a tab, imports the page's bundle and gives back what its default export answers. */
export async function runPage<T>(browser: Browser, url: string, page: string): Promise<T> {
  const tab = await browser.newPage();
  try {
    await tab.goto(`${url}/`);
    return (await tab.evaluate(async (address: string) => {
      const { default: run } = await import(address);
      return run({
        async file(path: string) {
          const answer = await fetch(`/${path}`);
          return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
        },
        async list(folder: string) {
          return (await fetch(`/${folder}/`)).json();
        },
      });
    }, addressOf(page))) as T;
  } finally {
    await tab.close();
  }
}
