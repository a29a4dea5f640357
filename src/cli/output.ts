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

/** Columns of the terminal; of a file or a pipe 80. */
export const columns = (): number => Math.max(40, process.stdout.columns ?? 80);

/** How a table gives way where it is too wide. */
export interface Fit {
  /** Columns that are left out, by their heads, the first one first. */
  readonly drop?: readonly string[];
  /** The column whose texts are cut, down to so many letters, before any column is left out; the first one, to 12. */
  readonly cut?: readonly [head: string, least: number];
  readonly width?: number;
}

/**
 * A table no wider than the terminal.
 *
 * @param left so many columns are aligned to the left
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1, fit: Fit = {}): string {
  const { drop = [], cut = [head[0], 12] as const, width = columns() } = fit;
  let kept = head.map((_, i) => i);
  const widthOf = (i: number) => Math.max(head[i].length, ...rows.map((r) => r[i].length));
  const total = () => kept.reduce((n, i) => n + widthOf(i) + 3, 1);
  const at = head.indexOf(cut[0]);
  const spare = () => (kept.includes(at) ? Math.max(0, widthOf(at) - Math.max(cut[1], head[at].length)) : 0);
  const gone: string[] = [];
  for (const name of drop) {
    if (total() - spare() <= width) break;
    kept = kept.filter((i) => head[i] !== name);
    gone.push(name);
  }
  const most = Math.max(cut[1], widthOf(at) - Math.max(0, total() - width));
  const cell = (text: string, i: number) => (i === at && text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const t = new Table({
    head: kept.map((i) => head[i]),
    colAligns: kept.map((i) => (i < left ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of rows) t.push(kept.map((i) => cell(row[i], i)));
  const note = gone.length ? `\nnot shown for want of columns: ${gone.join(', ')} (--json has all)` : '';
  return t.toString() + note;
}

/** `1 trial`, `2 trials`. */
export const plural = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

export const kib = (bytes: number): string => (bytes < 10240 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`);
export const ms = (t: number): string => `${t < 10 ? t.toFixed(3) : t.toFixed(1)} ms`;
export const microjoule = (e: number | null): string =>
  e === null ? '-' : e < 1000 ? `${e.toFixed(1)} µJ` : `${(e / 1000).toFixed(2)} mJ`;
export const percent = (p: number | null): string => (p === null ? '-' : `${(100 * p).toFixed(1)} %`);
export const count = (n: number): string => n.toLocaleString('en-US');
export const shape = (s: readonly number[]): string => s.join('x');
