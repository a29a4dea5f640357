import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built command, as scripts call it that fill tables. */

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

export interface Told {
  readonly json: Record<string, unknown> | null;
  /** The message without its first word, where it failed. */
  readonly failure: string | null;
}

/** One call of the command, ended after so many minutes. */
export function thumbnet(minutes: number, ...args: readonly string[]): Promise<Told> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args, '--json'], { timeout: minutes * 60e3, maxBuffer: 1 << 28 }, (error, out, err) => {
      if (error?.killed) return resolve({ json: null, failure: `not done within ${minutes} minutes` });
      // 1: done, but it does not fit the chip
      if (!error || error.code === 1) return resolve({ json: JSON.parse(out), failure: null });
      const lines = err.split('\n');
      const at = lines.findIndex((l) => l.includes('error'));
      const said = lines[at]?.replace(/^.*?error: /, '').replace(/^"[^"]*": /, '') ?? `exit code ${error.code}`;
      resolve({ json: null, failure: said });
    });
  });
}

export const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

/** A cell of a table: what `show` makes of the answer, or why there is none. */
export const cell = ({ json, failure }: Told, show: (json: never) => string): string =>
  json ? show(json as never) : `refused: ${failure}`;
