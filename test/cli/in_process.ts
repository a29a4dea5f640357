import { main } from '../../src/cli/main.ts';
import type { Ended } from './sample.ts';

/** One command line in this process: what it writes is caught. Not for verbs that start threads or wait for signals. */
export async function inProcess(...args: readonly string[]): Promise<Ended> {
  const texts = { out: '', err: '' };
  const streams = [
    [process.stdout, 'out'],
    [process.stderr, 'err'],
  ] as const;
  const before = streams.map(([stream]) => stream.write);
  for (const [stream, name] of streams) {
    stream.write = ((text: string | Uint8Array) => {
      texts[name] += typeof text === 'string' ? text : new TextDecoder().decode(text);
      return true;
    }) as typeof stream.write;
  }
  try {
    process.exitCode = undefined;
    const code = await main(args);
    return { code, ...texts };
  } finally {
    process.exitCode = undefined;
    streams.forEach(([stream], i) => {
      stream.write = before[i];
    });
  }
}
