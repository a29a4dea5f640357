import { CompressError } from '../errors.ts';

/**
 * A bound of the stack below a function: the frames that the compiler states (`-fstack-usage`) along the deepest path of the linked image's
 * call graph. Functions that the compiler knows no frame of (assembly, libraries) are read from the disassembly.
 */
export interface StackFacts {
  /** Lines of all `.su` files: `file:line:column:function <tab> bytes <tab> static`. */
  readonly usage: string;
  /** What `arm-none-eabi-objdump -d` prints of the image. */
  readonly disassembly: string;
}

interface Routine {
  readonly frame: number;
  readonly calls: ReadonlySet<string>;
}

/** Bytes of stack below the caller of `root`. @throws CompressError `unsupported` for recursion, a call by pointer, or a frame of unknown size */
export function stackBound({ usage, disassembly }: StackFacts, root: string): number {
  const stated = statedFrames(usage);
  const functions = functionsOf(disassembly);
  const known = new Map<string, number>();
  const depth = (name: string, path: readonly string[]): number => {
    const before = known.get(name);
    if (before !== undefined) return before;
    if (path.includes(name)) throw unbounded(`${name} calls itself`);
    const found = functions.get(name);
    if (!found) throw unbounded(`${name} is not in the image`);
    const below = Math.max(0, ...[...found.calls].map((callee) => depth(callee, [...path, name])));
    const own = Math.max(found.frame, stated.get(name) ?? 0) + below;
    known.set(name, own);
    return own;
  };
  return depth(root, []);
}

const unbounded = (what: string) =>
  new CompressError(
    'unsupported',
    `the stack has no bound: ${what}`,
    'report this with the model: generated code neither recurs nor calls by pointer',
  );

/** By function; copies that the compiler makes of one (`f.constprop.0`) are functions of their own. */
function statedFrames(usage: string): Map<string, number> {
  const frames = new Map<string, number>();
  for (const [, name, bytes, kind] of usage.matchAll(/^[^\t\n]*:([^:\t\n]+)\t(\d+)\t(\S+)$/gm)) {
    if (kind !== 'static' && kind !== 'dynamic,bounded') throw unbounded(`the frame of ${name} is ${kind}`);
    frames.set(name, Math.max(frames.get(name) ?? 0, Number(bytes)));
  }
  return frames;
}

const MARK = /^[0-9a-f]{8} <thumbnet_mark_\d+>:$/gm;

function functionsOf(disassembly: string): Map<string, Routine> {
  const functions = new Map<string, Routine>();
  // Marks lie within functions.
  for (const part of disassembly.replace(MARK, '').split(/\n(?=[0-9a-f]{8} <)/)) {
    const name = /^[0-9a-f]{8} <([^>]+)>:/.exec(part)?.[1];
    if (name) functions.set(name, functionOf(name, part.split('\n').slice(1)));
  }
  return functions;
}

const BRANCH = /^(b|bl|blx)(\.w|\.n|[a-z]{2}(\.[nw])?)?$/;

function functionOf(name: string, lines: readonly string[]): Routine {
  const calls = new Set<string>();
  let frame = 0;
  for (const line of lines) {
    const [, , instruction = '', operands = ''] = line.split('\t');
    const word = instruction.trim();
    frame += pushed(word, operands);
    // Branches to a place within a function are `<name+0x..>`; to a function, calls and tail calls alike, `<name>`.
    const target = /<([^>+]+)>/.exec(operands)?.[1];
    const isCall = BRANCH.test(word) && target && target !== name && !target.startsWith('thumbnet_mark_');
    if (isCall) calls.add(target);
    if (word === 'blx' && !target) calls.add(`what ${name} points to`);
  }
  return { frame, calls };
}

/** Bytes by which an instruction lowers the stack pointer. */
function pushed(word: string, operands: string): number {
  if (word.startsWith('push') || (/^stmdb/.test(word) && operands.startsWith('sp!'))) return 4 * registers(operands);
  if (/^v(push|stmdb)/.test(word)) return (/\bs\d/.test(operands) ? 4 : 8) * registers(operands);
  if (/^sub(\.w|w|s)?$/.test(word)) return Number(/^sp, (?:sp, )?#(\d+)/.exec(operands)?.[1] ?? 0);
  return Number(/\[sp, #-(\d+)\]!/.exec(operands)?.[1] ?? 0);
}

/** How many registers `{r0, r4-r7, lr}` names. */
function registers(operands: string): number {
  const list = /\{([^}]*)\}/.exec(operands)?.[1] ?? '';
  return list.split(',').reduce((n, item) => {
    const [from, to] = item.trim().split('-');
    return n + (to ? Number(to.slice(1)) - Number(from.slice(1)) + 1 : 1);
  }, 0);
}
