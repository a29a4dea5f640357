import type { Browser, Page } from 'puppeteer-core';
import { addressOf } from './bundle.ts';

/** Opens a tab, imports the page's bundle and gives back what its default export answers. */
export async function runPage<T>(browser: Browser, url: string, page: string): Promise<T> {
  const tab = await browser.newPage();
  try {
    await tab.goto(`${url}/`);
    await tab.exposeFunction('processorTime', await threadClock(tab));
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
        processorTime: (globalThis as unknown as { processorTime: () => Promise<number> }).processorTime,
      });
    }, addressOf(page))) as T;
  } finally {
    await tab.close();
  }
}

/** Milliseconds of processor time that the tab's thread has used, which other work on the machine lengthens least; Chromium only. */
async function threadClock(tab: Page): Promise<() => Promise<number>> {
  const session = await tab.createCDPSession().catch(() => null);
  await session?.send('Performance.enable');
  return async () => {
    if (!session) throw new Error('this browser does not tell processor time');
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * metrics.find(({ name }) => name === 'ThreadTime')!.value;
  };
}
