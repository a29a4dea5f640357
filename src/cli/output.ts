import Table from 'cli-table3';

/** Everything a verb says to a person goes to stderr when stdout carries JSON. */
export interface Output {
  readonly json: boolean;
  /** A line for people. */
  say(line?: string): void;
  /** A hint or warning, on stderr. */
  warn(line: string): void;
  /** The result: one JSON object with --json, else what `show` says. */
  result(value: unknown, show: () => void): void;
}

export const warn = (line: string): void => void process.stderr.write(`warning: ${line}\n`);

export function createOutput(json: boolean): Output {
  return {
    json,
    say: (line = '') => process[json ? 'stderr' : 'stdout'].write(`${line}\n`),
    warn,
    result(value, show) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
      else show();
    },
  };
}

export function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const t = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i < left ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of rows) t.push([...row]);
  return t.toString();
}

export const kib = (bytes: number): string => (bytes < 10240 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`);
export const ms = (t: number): string => `${t < 10 ? t.toFixed(3) : t.toFixed(1)} ms`;
export const microjoule = (e: number | null): string =>
  e === null ? '-' : e < 1000 ? `${e.toFixed(1)} µJ` : `${(e / 1000).toFixed(2)} mJ`;
export const percent = (p: number | null): string => (p === null ? '-' : `${(100 * p).toFixed(1)} %`);
export const count = (n: number): string => n.toLocaleString('en-US');
export const shape = (s: readonly number[]): string => s.join('x');
