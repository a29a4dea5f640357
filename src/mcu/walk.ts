/**
 * How often each part of a generated function runs, found by walking its text: loops count their turns, conditions on sizes are decided,
 * assembly is counted instruction by instruction. What depends on data is taken to go either way half of the time.
 */
import type { NamedText, Variant } from '../c/parts.ts';
import { type Classes, type Counted, countAssembly, type Listing, parseListing } from './assembly.ts';
import { type CFunction, type Expression, MACROS, parseFunctions, preprocessed, type Statement } from './c_text.ts';

export interface Walk {
  /** Executed instructions of assembly, and what is added where data takes the longer way. */
  readonly assembly: number;
  readonly worst: number;
  /** Of the assembly. */
  readonly classes: Classes;
  /** By part of the C: how often it runs; and how often at most. */
  readonly parts: ReadonlyMap<string, Runs>;
}

export interface Runs {
  readonly usual: number;
  readonly most: number;
  /** Words of its text. */
  readonly words: number;
}

/** Turns of a loop that data ends, as in counting the zeros of a number: usual and most. */
const DATA_TURNS = { usual: 8, most: 32 };

type Value = (frame: Float64Array) => number;
/** Runs a statement `usual` times, at most `most`; true where the function returns. */
type Run = (frame: Float64Array, usual: number, most: number) => boolean;

interface Known {
  readonly definition: CFunction;
  /** Its parameters that steer it. */
  readonly steering: ReadonlySet<string>;
  readonly listing: Listing | null;
  readonly walked: Map<string, Walk>;
  compiled: Compiled | null;
}

/** The functions of a code file, callees first. */
export class Walker {
  private readonly known = new Map<string, Known>();
  private readonly variant: Variant;

  constructor(functions: readonly NamedText[], variant: Variant) {
    this.variant = variant;
    for (const f of functions) {
      for (const definition of functionsOf(f, this.variant)) {
        const listing = definition.isNaked ? parseListing(linesOf(definition.body)) : null;
        const steering = new Set<string>();
        const used = listing ? null : steersOf(definition.body, this.known);
        for (const { name, isPointer } of definition.parameters) if (!isPointer && (!used || used.has(name))) steering.add(name);
        this.known.set(definition.name, { definition, steering, listing, walked: new Map(), compiled: null });
      }
    }
  }

  /** The loops of all functions in the order of their texts, as a compiler sees them (turnsOf). */
  get loops(): string {
    return [...this.known.values()].map((f) => (f.listing ? '' : this.compiled(f).loops)).join('');
  }

  /** One call. @param corrections entries of the table of corrections, if the function has one */
  walk(name: string, values: readonly number[], corrections = 0): Walk {
    const f = this.known.get(name);
    if (!f) throw new Error(`no text of the function ${name}`);
    const { definition, steering } = f;
    const key = definition.parameters.map((p, i) => (steering.has(p.name) ? values[i] : '')).join();
    const before = f.walked.get(key);
    if (before) return before;
    const found = f.listing ? this.naked(f, values, corrections) : this.written(f, values, corrections);
    f.walked.set(key, found);
    return found;
  }

  private naked({ definition, listing }: Known, values: readonly number[], corrections: number): Walk {
    const given = values.map((v, i) => (definition.parameters[i]?.isPointer ? ADDRESS * (i + 1) : v));
    const registers = new Map(given.slice(0, 4).flatMap((v, i) => (Number.isNaN(v) ? [] : [[`r${i}`, v] as const])));
    const counted = countAssembly(listing!, registers, given.slice(4));
    // The one loop that data ends takes the entries of a table one after another.
    const more = definition.parameters.some((p) => p.name === 'corrections') ? CORRECTION * corrections : 0;
    return { assembly: counted.instructions + more, worst: counted.worst, classes: counted, parts: new Map() };
  }

  private written(f: Known, values: readonly number[], corrections: number): Walk {
    return this.compiled(f).walk(values, corrections);
  }

  private compiled(f: Known): Compiled {
    f.compiled ??= new Compiled(f.definition, this.known, (name, given, more) => this.walk(name, given, more));
    return f.compiled;
  }
}

type Call = (name: string, values: readonly number[], corrections: number) => Walk;

/** A function made of closures over a frame of its variables. */
class Compiled {
  private readonly slots = new Map<string, number>();
  private readonly keys: string[] = [];
  private readonly words: number[] = [];
  private usual = new Float64Array(0);
  private most = new Float64Array(0);
  private assembly = 0;
  private worst = 0;
  private classes = NO_CLASSES;
  private more = new Map<string, Runs>();
  private corrections = 0;
  private readonly base: string;
  loops = '';
  private readonly body: Run;

  constructor(
    private readonly definition: CFunction,
    private readonly known: ReadonlyMap<string, Known>,
    private readonly called: Call,
  ) {
    this.base = definition.name.replace(/_\d+$/, '');
    for (const p of definition.parameters) this.slot(p.name);
    this.body = this.statement(definition.body);
  }

  walk(values: readonly number[], corrections: number): Walk {
    this.usual = new Float64Array(this.keys.length);
    this.most = new Float64Array(this.keys.length);
    [this.assembly, this.worst, this.classes, this.more, this.corrections] = [0, 0, NO_CLASSES, new Map(), corrections];
    const frame = new Float64Array(this.slots.size).fill(Number.NaN);
    for (const i of this.definition.parameters.keys()) frame[i] = values[i] ?? Number.NaN;
    this.body(frame, 1, 1);
    const parts = this.more;
    for (const [i, key] of this.keys.entries()) {
      if (this.most[i]) addRuns(parts, key, this.usual[i], this.most[i], this.words[i]);
    }
    return { assembly: this.assembly, worst: this.worst, classes: this.classes, parts };
  }

  private slot(name: string): number {
    const before = this.slots.get(name);
    if (before !== undefined) return before;
    this.slots.set(name, this.slots.size);
    return this.slots.size - 1;
  }

  /** A part whose runs are counted. */
  private counted(s: Statement): Run {
    const own = s.kind === 'block' ? s.of : [s];
    const text = own.map((inner) => ('text' in inner ? inner.text : inner.kind)).join(' ');
    const at = this.keys.push(`${this.base}#${digest(normalized(text))}`) - 1;
    this.words.push(text === '' ? 0 : text.split(' ').length);
    const run = s.kind === 'block' ? this.sequence(s.of) : this.statement(s);
    return (frame, usual, most) => {
      this.usual[at] += usual;
      this.most[at] += most;
      return run(frame, usual, most);
    };
  }

  private sequence(of: readonly Statement[]): Run {
    const runs = of.map((inner) => this.statement(inner)).filter((r) => r !== IDLE);
    return (frame, usual, most) => {
      for (const run of runs) if (run(frame, usual, most)) return true;
      return false;
    };
  }

  private statement(s: Statement): Run {
    switch (s.kind) {
      case 'block':
        return this.counted(s);
      case 'declare': {
        const slot = this.slot(s.name);
        const value = s.value ? this.value(s.value) : UNKNOWN;
        return this.withCalls(s, (frame) => {
          frame[slot] = value(frame);
          return false;
        });
      }
      case 'expression': {
        const effect = this.effect(s.of);
        return this.withCalls(s, effect);
      }
      case 'return':
        return this.withCalls(s, () => true);
      case 'if':
        return this.conditional(s);
      case 'while': {
        const body = this.counted(s.body);
        return (frame, usual, most) => {
          body(frame, usual * DATA_TURNS.usual, most * DATA_TURNS.most);
          return false;
        };
      }
      case 'for':
        return this.loop(s);
      case 'assembly':
        return this.inline(s);
    }
  }

  /** The calls of a statement's expressions, then `run`. */
  private withCalls(s: Statement, run: Run): Run {
    const calls = expressions(s).flatMap((e) => this.calls(e));
    if (!calls.length) return run;
    return (frame, usual, most) => {
      for (const call of calls) call(frame, usual, most);
      return run(frame, usual, most);
    };
  }

  private conditional(s: Statement & { kind: 'if' }): Run {
    const condition = this.value(s.condition);
    const then = this.counted(s.then);
    const otherwise = s.otherwise ? this.counted(s.otherwise) : IDLE;
    return this.withCalls(s, (frame, usual, most) => {
      const value = condition(frame);
      if (value) return then(frame, usual, most);
      if (value === 0) return otherwise(frame, usual, most);
      then(frame, usual / 2, most);
      otherwise(frame, usual / 2, most);
      return false;
    });
  }

  private loop(s: Statement & { kind: 'for' }): Run {
    const first = this.statements(s.first);
    const isOn = this.value(s.condition);
    const next = this.effect(s.next);
    const at = this.loops.length;
    this.loops += turnsOf(first, isOn, next, this.slots.size);
    const body = this.counted(s.body);
    // A loop around others is never written out.
    if (this.loops.length > at + 1)
      this.loops = this.loops.slice(0, at) + this.loops[at].replace(/[2-9]/, 'n') + this.loops.slice(at + 1);
    const steers = steersOf(s.body, this.known);
    const isSteered = [...assigned(s)].some((name) => steers.has(name));
    return (frame, usual, most) => {
      first(frame, usual, most);
      const start = isOn(frame);
      if (Number.isNaN(start)) {
        body(frame, usual * DATA_TURNS.usual, most * DATA_TURNS.most);
        return false;
      }
      let turns = 0;
      for (; isOn(frame) === 1; turns++) {
        if (turns > MOST_TURNS) throw new Error(`a loop of ${this.base} has no end`);
        if (isSteered && body(frame, usual, most)) return true;
        next(frame, usual, most);
      }
      if (!isSteered && turns) body(frame, usual * turns, most * turns);
      return false;
    };
  }

  private statements(s: Statement): Run {
    return s.kind === 'block' ? this.sequence(s.of) : this.statement(s);
  }

  private inline(s: Statement & { kind: 'assembly' }): Run {
    const listing = parseListing(s.lines);
    const operands = s.operands.map((o) => ({
      ...o,
      read: this.value(o.value),
      slot: o.value.kind === 'name' ? this.slot(o.value.name) : -1,
    }));
    const before = new Map<string, Counted>();
    return (frame, usual, most) => {
      const given = operands.map((o) => o.read(frame));
      const key = given.join();
      let counted = before.get(key);
      if (!counted) {
        counted = countAssembly(
          listing,
          new Map(operands.map((o, i) => [o.name, Number.isNaN(given[i]) ? ADDRESS * (i + 1) : given[i]])),
        );
        before.set(key, counted);
      }
      this.assembly += counted.instructions * usual;
      this.classes = plusClasses(this.classes, counted, usual);
      this.worst += counted.worst * most + counted.instructions * (most - usual);
      for (const { slot, isWritten } of operands) if (isWritten && slot >= 0) frame[slot] = Number.NaN;
      return false;
    };
  }

  private calls(e: Expression): Run[] {
    const inner = children(e).flatMap((c) => this.calls(c));
    if (e.kind !== 'call') return inner;
    const { name } = e;
    const values = e.values.map((v) => this.value(v));
    if (this.known.has(name)) {
      return [
        ...inner,
        (frame, usual, most) => {
          const found = this.called(
            name,
            values.map((v) => v(frame)),
            this.corrections,
          );
          this.assembly += found.assembly * usual;
          this.classes = plusClasses(this.classes, found.classes, usual);
          this.worst += found.worst * most + found.assembly * (most - usual);
          for (const [key, runs] of found.parts) addRuns(this.more, key, runs.usual * usual, runs.most * most, runs.words);
          return false;
        },
      ];
    }
    if (!LIBRARY.test(name)) return inner;
    return [
      ...inner,
      (frame, usual, most) => {
        const bytes = values[2](frame);
        if (!(bytes > 0)) return false;
        const fixed = e.values[2].kind === 'number' && bytes <= FEW ? `/${bytes}` : '';
        addRuns(this.more, `${name}${fixed}`, usual, most, 10);
        if (fixed) return false;
        addRuns(this.more, `${name}/words`, usual * Math.floor(bytes / 4), most * Math.floor(bytes / 4), 2);
        addRuns(this.more, `${name}/bytes`, usual * (bytes % 4), most * (bytes % 4), 2);
        return false;
      },
    ];
  }

  private effect(e: Expression): Run {
    if (e.kind !== 'assign' || e.to.kind !== 'name') return IDLE;
    const slot = this.slot(e.to.name);
    const given = this.value(e.value);
    const operation = e.op ? OPERATIONS[e.op] : null;
    return (frame) => {
      frame[slot] = operation ? operation(frame[slot], given(frame)) : given(frame);
      return false;
    };
  }

  private value(e: Expression): Value {
    switch (e.kind) {
      case 'number': {
        const { value } = e;
        return () => value;
      }
      case 'name': {
        const slot = this.slot(e.name);
        return (frame) => frame[slot];
      }
      case 'unary': {
        const of = this.value(e.of);
        if (e.op === '-') return (frame) => -of(frame);
        if (e.op === '~') return (frame) => (Number.isNaN(of(frame)) ? Number.NaN : ~of(frame));
        if (e.op === '!') return (frame) => (of(frame) === 0 ? 1 : of(frame) ? 0 : Number.NaN);
        return of;
      }
      case 'binary': {
        const [left, right] = [this.value(e.left), this.value(e.right)];
        if (e.op === '&&') {
          return (frame) => {
            const a = left(frame);
            if (a === 0) return 0;
            const b = right(frame);
            return b === 0 ? 0 : Number.isNaN(a + b) ? Number.NaN : 1;
          };
        }
        if (e.op === '||') {
          return (frame) => {
            const a = left(frame);
            if (a) return 1;
            const b = right(frame);
            return b ? 1 : Number.isNaN(a + b) ? Number.NaN : 0;
          };
        }
        const operation = OPERATIONS[e.op];
        return (frame) => operation(left(frame), right(frame));
      }
      case 'choice': {
        const [condition, then, otherwise] = [this.value(e.condition), this.value(e.then), this.value(e.otherwise)];
        return (frame) => {
          const value = condition(frame);
          if (value) return then(frame);
          if (value === 0) return otherwise(frame);
          const one = then(frame);
          return one === otherwise(frame) ? one : Number.NaN;
        };
      }
      default:
        return UNKNOWN;
    }
  }
}

/** The turns of a loop as a compiler sees it: 1 to 3, n where there are more, v where they depend on what is outside. */
function turnsOf(first: Run, isOn: Value, next: Run, slots: number): string {
  const frame = new Float64Array(slots).fill(Number.NaN);
  first(frame, 0, 0);
  if (Number.isNaN(isOn(frame))) return 'v';
  let turns = 0;
  for (; turns <= LARGEST_PEELED && isOn(frame) === 1; turns++) next(frame, 0, 0);
  return turns > LARGEST_PEELED ? 'n' : String(turns);
}

/** Compilers may write out loops of so few turns. */
const LARGEST_PEELED = 3;

export const NO_CLASSES: Classes = { loads: 0, words: 0, multiplies: 0, branches: 0 };

export const plusClasses = (a: Classes, b: Classes, times: number): Classes => ({
  loads: a.loads + times * b.loads,
  words: a.words + times * b.words,
  multiplies: a.multiplies + times * b.multiplies,
  branches: a.branches + times * b.branches,
});

const IDLE: Run = () => false;
const UNKNOWN: Value = () => Number.NaN;
/** Copies of so few bytes, a constant, are written out by compilers. */
const FEW = 16;

function addRuns(to: Map<string, Runs>, key: string, usual: number, most: number, words: number): void {
  const before = to.get(key);
  to.set(key, before ? { usual: before.usual + usual, most: before.most + most, words } : { usual, most, words });
}

/** Variables on which conditions, bounds and what calls are given depend within a statement. */
function steersOf(s: Statement, known: ReadonlyMap<string, Known>): Set<string> {
  const found = new Set<string>();
  const want = (e: Expression) => names(e, found);
  const calls = (e: Expression): void => {
    if (e.kind === 'call') {
      const f = known.get(e.name);
      e.values.forEach((v, i) => {
        const p = f?.definition.parameters[i];
        if ((p && f!.steering.has(p.name)) || (!f && LIBRARY.test(e.name) && i === 2)) want(v);
      });
    }
    for (const inner of children(e)) calls(inner);
  };
  const assignments: { to: string; from: Expression }[] = [];
  const assigns = (e: Expression): void => {
    if (e.kind === 'assign' && e.to.kind === 'name') assignments.push({ to: e.to.name, from: e.value });
    for (const inner of children(e)) assigns(inner);
  };
  const visit = (inner: Statement): void => {
    for (const e of expressions(inner)) {
      calls(e);
      assigns(e);
    }
    if (inner.kind === 'declare' && inner.value) assignments.push({ to: inner.name, from: inner.value });
    if (inner.kind === 'if' || inner.kind === 'for' || inner.kind === 'while') want(inner.condition);
    if (inner.kind === 'assembly') for (const o of inner.operands) want(o.value);
    for (const part of inside(inner)) visit(part);
  };
  visit(s);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const a of assignments) if (found.has(a.to)) names(a.from, found);
  }
  return found;
}

/** Where pointers point to: far from each other and from zero. */
const ADDRESS = 0x1000000;
/** Instructions for each entry of the table of corrections. */
const CORRECTION = 24;
const MOST_TURNS = 10_000_000;
const LIBRARY = /^(memcpy|memset|memmove)$/;

const linesOf = (s: Statement): readonly string[] =>
  s.kind === 'assembly' ? s.lines : s.kind === 'block' ? s.of.flatMap(linesOf) : [];

/** A text is read once for each way to write C. */
const READ = new WeakMap<NamedText, CFunction[]>();

function functionsOf(f: NamedText, variant: Variant): CFunction[] {
  const before = READ.get(f);
  if (before) return before;
  const found = parseFunctions(preprocessed(f.text, (macro) => MACROS[variant].includes(macro)));
  READ.set(f, found);
  return found;
}

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => (a === 0 || b === 0 ? 0 : a * b),
  '/': (a, b) => Math.trunc(a / b),
  '%': (a, b) => a % b,
  '<': (a, b) => (a < b ? 1 : a >= b ? 0 : Number.NaN),
  '>': (a, b) => (a > b ? 1 : a <= b ? 0 : Number.NaN),
  '<=': (a, b) => (a <= b ? 1 : a > b ? 0 : Number.NaN),
  '>=': (a, b) => (a >= b ? 1 : a < b ? 0 : Number.NaN),
  '==': (a, b) => (a === b ? 1 : Number.isNaN(a + b) ? Number.NaN : 0),
  '!=': (a, b) => (a === b ? 0 : Number.isNaN(a + b) ? Number.NaN : 1),
  '&': (a, b) => (Number.isNaN(a + b) ? Number.NaN : a & b),
  '|': (a, b) => (Number.isNaN(a + b) ? Number.NaN : a | b),
  '^': (a, b) => (Number.isNaN(a + b) ? Number.NaN : a ^ b),
  '<<': (a, b) => (Number.isNaN(a + b) ? Number.NaN : a << b),
  '>>': (a, b) => (Number.isNaN(a + b) ? Number.NaN : a >> b),
};

function children(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case 'unary':
      return [e.of];
    case 'binary':
      return [e.left, e.right];
    case 'choice':
      return [e.condition, e.then, e.otherwise];
    case 'call':
      return e.values;
    case 'assign':
      return [e.to, e.value];
    case 'memory':
      return e.of;
    default:
      return [];
  }
}

/** The variables of an expression, but for what memory and functions answer. */
function names(e: Expression, to: Set<string>): void {
  if (e.kind === 'name') to.add(e.name);
  if (e.kind === 'memory' || e.kind === 'call') return;
  for (const inner of children(e)) names(inner, to);
}

function expressions(s: Statement): readonly Expression[] {
  switch (s.kind) {
    case 'declare':
      return s.value ? [s.value] : [];
    case 'expression':
      return [s.of];
    case 'return':
      return s.value ? [s.value] : [];
    case 'if':
    case 'while':
      return [s.condition];
    case 'for':
      return [s.condition, s.next];
    default:
      return [];
  }
}

function inside(s: Statement): readonly Statement[] {
  switch (s.kind) {
    case 'block':
      return s.of;
    case 'if':
      return s.otherwise ? [s.then, s.otherwise] : [s.then];
    case 'for':
      return [s.first, s.body];
    case 'while':
      return [s.body];
    default:
      return [];
  }
}

/** Variables that a loop changes and does not declare anew in each turn. */
function assigned(loop: Statement & { kind: 'for' }): Set<string> {
  const found = new Set<string>();
  const change = (e: Expression): void => {
    if (e.kind === 'assign' && e.to.kind === 'name') found.add(e.to.name);
    for (const inner of children(e)) change(inner);
  };
  const visit = (s: Statement): void => {
    for (const e of expressions(s)) change(e);
    for (const part of inside(s)) visit(part);
  };
  visit(loop.body);
  change(loop.next);
  const declare = (s: Statement): void => {
    if (s.kind === 'declare') found.delete(s.name);
    for (const part of inside(s)) declare(part);
  };
  declare(loop.body);
  return found;
}

/**
 * A text without its numbers, and its functions without theirs: what they are is the layer's. Divisors that are powers of two are told
 * apart: the others take a multiplication, or a function of the library. So is a last argument of 0, a shift that does nothing.
 */
const normalized = (text: string): string =>
  text
    .replace(NUMBER, (_, divided: string | undefined, digits: string, last: string | undefined) => {
      const n = Number(digits);
      if (last && n === 0) return '0';
      return divided ? `${divided}${n & (n - 1) ? 'N' : 'P'}` : 'N';
    })
    .replace(/([A-Za-z]\w*?)_\d+ \(/g, '$1 (');

const NUMBER = /([/%] )?(?<![\w.])(0x[0-9a-fA-F]+|\d+)[uUlL]*(?!\w)(?=( \))?)/g;

function digest(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h.toString(36);
}
