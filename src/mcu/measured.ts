import { plainName } from '../c/project/example.ts';
import { CompressError } from '../errors.ts';
import type { Target } from '../targets/index.ts';
import type { Runtime } from '../targets/runtime.ts';

/** What the example `main.c` of an export printed on a board. */
export interface Measured {
  /** Of the log, for messages. */
  readonly source: string;
  readonly model: string;
  readonly digest: string;
  readonly target: string;
  readonly runtime: string;
  /** Cycles of one inference: the median of the examples. */
  readonly cycles: number;
  readonly examples: number;
}

const MODEL = /^\s*model (\S+) ([0-9a-f]{64}) for (\S+) by (\S+)\s*$/m;
const CYCLES = /^\s*example \d+: .*\bcycles (\d+)\s*$/gm;

const bad = (source: string, what: string, fix: string) => new CompressError('bad-file', `${source}: ${what}`, fix);

/** @throws CompressError `bad-file` for what is no such log, or has no cycles */
export function parseMeasured(text: string, source: string): Measured {
  const found = MODEL.exec(text);
  const cycles = [...text.matchAll(CYCLES)].map((m) => Number(m[1])).sort((a, b) => a - b);
  if (!found || !cycles.length) {
    const what = found ? 'no line "example N: .. cycles M"' : 'no line "model NAME DIGEST for CHIP by RUNTIME"';
    throw bad(source, what, 'give all that the main.c of `thumbnet export --format c` prints on the board, of this version');
  }
  if (cycles[0] === 0) {
    throw bad(
      source,
      'the cycle counter stood at 0',
      'run it on the chip itself: emulators and a locked debug unit do not count cycles',
    );
  }
  if (!/equal to the engine/.test(text)) {
    throw bad(
      source,
      'the outputs were not all equal to the engine',
      'what ran is not the exported model: export, compile and run again',
    );
  }
  const [, model, digest, target, runtime] = found;
  return { source, model, digest, target, runtime, cycles: cycles[Math.floor(cycles.length / 2)], examples: cycles.length };
}

/** @throws CompressError `bad-option` for a log of another model or of a chip that is not asked for */
export function checkMeasured(
  { source, model, digest, target, runtime }: Measured,
  own: { readonly name: string; readonly digest: string; readonly runtime: Runtime },
  chips: readonly Target[],
): void {
  if (digest !== own.digest) {
    throw new CompressError(
      'bad-option',
      `${source} is of the model ${model} (digest ${digest.slice(0, 12)}), not of ${plainName(own.name)} (${own.digest.slice(0, 12)})`,
      'give the log of an export of this very file, or profile the file that was exported',
    );
  }
  if (runtime !== own.runtime) {
    const what = `${source} is of code for the runtime ${runtime}, and figures of ${own.runtime} are asked for`;
    throw new CompressError('bad-option', what, `give --runtime ${runtime}`);
  }
  if (!chips.some((c) => c.name === target)) {
    throw new CompressError(
      'bad-option',
      `${source} was measured on ${target}, which is not among the targets`,
      `add it: --target ${target}`,
    );
  }
}
