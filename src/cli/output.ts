import Table from 'cli-table3';
import { digits } from '../report/units.ts';

/** Everything a verb says to a person goes to stderr when stdout carries JSON. */
export interface Output {
  readonly json: boolean;
  /** Prose for people, in lines no wider than their terminal. */
  say(text?: string): void;
  /** A table, a path or a command: as it is. */
  print(text: string): void;
  /** A hint or warning, on stderr. */
  warn(text: string): void;
  /** The result: one JSON object with --json, else what `show` says. */
  result(value: unknown, show: () => void): void;
}

/** How this command is typed where it runs: npx and the demo run it from a folder, and a shell does not find it there. */
export const typed = (): string =>
  ['npx', 'demo'].includes(process.env.npm_lifecycle_event ?? '') ? 'npx thumbnet' : 'thumbnet';

type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

const widthOf = (stream: Stream): number => Math.max(40, stream.columns || 80);

/** Columns of the terminal; of a file or a pipe 80. */
export const columns = (): number => widthOf(process.stdout);

/** Prose as a stream shows it: lines fit a terminal, and stay whole in a file or a pipe. */
export const proseFor = (stream: Stream, text: string): string => (stream.isTTY ? wrapped(text, widthOf(stream)) : text);

/** Prose on stderr. */
export const complain = (text: string): void => void process.stderr.write(`${proseFor(process.stderr, text)}\n`);

export const warn = (text: string): void => complain(`warning: ${text}`);

export function createOutput(json: boolean): Output {
  const stream = process[json ? 'stderr' : 'stdout'];
  return {
    json,
    say: (text = '') => stream.write(`${proseFor(stream, text)}\n`),
    print: (text) => stream.write(`${text}\n`),
    warn,
    result(value, show) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
      else show();
    },
  };
}

/** What no line ends within: a word, or a path or command in quotes or backticks. */
const WORD = /(?:"[^"\n]*"|`[^`\n]*`|\S)+/g;

/** Each line broken between words; what is continued stands under the text behind the line's label, else two columns further in. */
export const wrapped = (text: string, width: number): string =>
  text
    .split('\n')
    .map((line) => wrappedLine(line, width))
    .join('\n');

/** How a line of code begins in a message. */
const CODE = '    ';

function wrappedLine(line: string, width: number): string {
  if (line.length <= width || line.startsWith(CODE)) return line;
  const [indent] = /^ */.exec(line)!;
  const [label] = new RegExp(`^.{0,${width >> 1}}\\S {2,}(?=\\S)`).exec(line) ?? [indent];
  const hanging = ' '.repeat(label === indent ? indent.length + 2 : label.length);
  const lines: string[] = [];
  let last = label;
  for (const [word] of line.slice(label.length).matchAll(WORD)) {
    const gap = last === label || last === hanging ? '' : ' ';
    if (gap && last.length + 1 + word.length > width) {
      lines.push(last);
      last = hanging + word;
    } else last += gap + word;
  }
  return [...lines, last].join('\n');
}

/** How a table gives way where it is too wide. */
export interface Fit {
  /** Columns that are left out, by their heads, the first one first; those of a list only together. */
  readonly drop?: readonly (string | readonly string[])[];
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
  for (const names of drop.map((d) => [d].flat())) {
    if (total() - spare() <= width) break;
    kept = kept.filter((i) => !names.includes(head[i]));
    gone.push(...names);
  }
  const most = Math.max(cut[1], widthOf(at) - Math.max(0, total() - width));
  const shown =
    at < 0
      ? []
      : cutTo(
          rows.map((r) => r[at]),
          most,
        );
  const t = new Table({
    head: kept.map((i) => head[i]),
    colAligns: kept.map((i) => (i < left ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  rows.forEach((row, n) => {
    t.push(kept.map((i) => (i === at ? shown[n] : row[i])));
  });
  if (!gone.length) return t.toString();
  return `${t}\n${wrapped(`not shown for want of columns: ${gone.join(', ')} (--json has all)`, width)}`;
}

/**
 * At most so many characters each. The first scope of a name goes first: mostly it is that of all layers. Then the ends go, or the beginnings
 * where names could not be told apart without their ends.
 */
function cutTo(texts: readonly string[], most: number): string[] {
  const cut = (shorter: (inner: string) => string) =>
    texts.map((text) => {
      if (text.length <= most) return text;
      const inner = text.replace(/^[^/…]+\//, '…');
      return inner.length <= most ? inner : shorter(inner);
    });
  const begins = cut((inner) => `${inner.slice(0, most - 1)}…`);
  if (new Set(begins).size === new Set(texts).size) return begins;
  return cut((inner) => `…${inner.slice(1 - most)}`);
}

/** `1 trial`, `2 trials`. */
export const plural = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

/** In one unit whatever their size: figures that are to be compared. */
export const kibibytes = (bytes: number): string => `${digits(bytes / 1024)} KiB`;
export const percent = (p: number | null): string => (p === null ? '-' : `${(100 * p).toFixed(1)} %`);
export const wholePercent = (share: number): string => `${Math.round(100 * share)} %`;
export const count = (n: number): string => n.toLocaleString('en-US');
export const shape = (s: readonly number[]): string => s.join('x');
