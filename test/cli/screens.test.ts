/** Verbs in a pseudo-terminal of 80 and of 120 columns, against kept screens: their words and columns; numbers are anyone's. `KEEP=1` keeps them anew;
 * `DEMO=1` runs the demo as well, which takes minutes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/index.ts';
import { skipped } from '../skipped.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const model = fileURLToPath(new URL('../../assets/gestures.tflite', import.meta.url));
const kept = fileURLToPath(new URL('./screens/', import.meta.url));

/** Python's own pseudo-terminal: Node has none. */
const TERMINAL = `
import fcntl, os, pty, struct, sys, termios
columns, command = int(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 50, columns, 0, 0))
    os.execvp(command[0], command)
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const hasTerminal = spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status === 0;

function screen(columns: number, args: readonly string[], cwd: string): string[] {
  const command = ['-c', TERMINAL, String(columns), process.execPath, cli, ...args];
  const { stdout, status } = spawnSync('python3', command, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1e9,
    env: { ...process.env, TERM: 'xterm' },
  });
  assert.is(status, 0, stdout);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor
  const plain = stdout.replace(/\x1b\[\d*G/g, '\n').replace(/\x1b(?:\[[0-9;?]*[A-Za-z]|[78])/g, '');
  return plain.split(/[\r\n]+/).filter((line) => line.trim() !== '');
}

/** Numbers as #, paths of this run as words, blanks and rules as one. */
const masked = (lines: readonly string[], cwd: string): string =>
  unwrapped(lines)
    .filter((line) => !line.startsWith('search '))
    .map((line) =>
      line
        .replaceAll(cwd, 'FOLDER')
        .replaceAll(model, 'net.tflite')
        .replace(/[+-]?\d[\d,.]*/g, '#')
        .replace(/#(?: (?:KiB|MiB|k|M|B|ms|s|µJ|mJ)\b)+/g, '#')
        .replace(/more|less|the same/g, 'SO')
        .replace(/# × SO/g, 'SO')
        .replace(/ +/g, ' ')
        .replace(/─+/g, '─')
        .trim(),
    )
    .join('\n');

/** Sentences in a line each: where they are broken depends on how long numbers and paths are. */
const unwrapped = (lines: readonly string[]): string[] =>
  lines
    .join('\n')
    .replace(/\n {2}(?=\S)/g, ' ')
    .split('\n');

/** A path or a command, which is never broken. */
const isCopied = (line: string): boolean => /^(model|recipe|report|next) |^ +thumbnet /.test(line);

function holdsKept(name: string, columns: number, lines: readonly string[], found: string): void {
  const widest = lines.filter((line) => !isCopied(line)).reduce((a, b) => (b.length > a.length ? b : a), '');
  assert.ok(widest.length <= columns, widest);
  const file = `${kept}${name}_${columns}.txt`;
  if (process.env.KEEP) writeFileSync(file, `${found}\n`);
  assert.is(found, readFileSync(file, 'utf8').trimEnd());
}

const VERBS: Readonly<Record<string, readonly string[]>> = {
  targets: ['targets'],
  profile: ['profile', model, '--target', 'stm32l476rg'],
  profile_all: ['profile', model, '--target', 'all'],
  compress: ['compress', model, '--data', 'data.npz', '--target', 'stm32l476rg', '--time', '1ms', '--max-drop', '10%'],
};

if (hasTerminal) {
  const data = gestures();
  const { inputs, y } = data.train!;
  const count = 600;
  const files = {
    'x.npy': writeNpy(inputs[0].slice(0, count * 384), [count, 128, 3]),
    'y.npy': writeNpy(y!.slice(0, count), [count]),
  };
  for (const [name, args] of Object.entries(VERBS)) {
    for (const columns of [80, 120]) {
      test(`${name} at ${columns} columns`, () => {
        const cwd = mkdtempSync(join(tmpdir(), 'thumbnet-screen-'));
        writeFileSync(join(cwd, 'data.npz'), zipSync(files, { level: 0 }));
        const lines = screen(columns, args, cwd);
        // of chips and layers the heads alone: there may be others tomorrow
        const found = masked(name === 'compress' ? lines : lines.filter((_, i) => lines[i - 1]?.startsWith('┌')), cwd);
        holdsKept(name, columns, lines, found);
      });
    }
  }
} else skipped('verbs in a terminal: there is no python3 with pty');

if (hasTerminal && process.env.DEMO) {
  const cwd = mkdtempSync(join(tmpdir(), 'thumbnet-screen-'));
  for (const columns of [80, 120]) {
    test(`demo at ${columns} columns`, () => {
      // The second one shows what the first has found.
      const lines = screen(columns, columns === 80 ? ['demo'] : ['demo', '--resume'], cwd);
      holdsKept('demo', columns, lines, masked(lines, cwd));
    });
  }
}

test.run();
