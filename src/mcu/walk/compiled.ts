/** A function of C as closures that count how often its parts run. */
import { NO_CLASSES, plusClasses } from '../assembly/classes.ts';
import { type Counted, countAssembly } from '../assembly/count.ts';
import { parseListing } from '../assembly/listing.ts';
import { type CFunction, children, type Expression, expressions, type Statement } from '../c_text/syntax.ts';
import { keyOf } from './key.ts';
import { assigned, LIBRARY, type Steered, steersOf } from './names.ts';
import { addRuns, type Runs, type Walk } from './runs.ts';
import { evaluator, OPERATIONS, type Value } from './value.ts';

/** Runs a statement `usual` times, at most `most`; true where the function returns. */
type Run = (frame: Float64Array, usual: number, most: number) => boolean;

const IDLE: Run = () => false;

/** Turns of a loop that data ends, as in counting the zeros of a number: usual and most. */
const DATA_TURNS = { usual: 8, most: 32 };
/** No loop of the generator has so many turns. */
const MOST_TURNS = 10_000_000;
/** Copies of so few bytes, a constant, are written out by compilers. */
const FEW = 16;

/** Where pointers point to: far from each other and from zero. */
export const addressOf = (parameter: number): number => 0x1000000 * (parameter + 1);

/** What tells the body of a loop of few turns, which compilers may write out. */
const FEW_TURNS = /^[123]$/;

/** The same part in a loop of many turns. */
export const inLongLoop = (key: string): string => key.replace(/(?<=#\w+)\/[123]$/, '');

/** Walks a function that another one calls. */
type Call = (name: string, values: readonly number[]) => Walk;

/** A function made of closures over a frame of its variables. */
export class Compiled {
  private readonly slots = new Map<string, number>();
  private readonly keys: string[] = [];
  private readonly words: number[] = [];
  private usual = new Float64Array(0);
  private most = new Float64Array(0);
  private assembly = 0;
  private worst = 0;
  private classes = NO_CLASSES;
  private more = new Map<string, Runs>();
  private readonly base: string;
  loops = '';
  private readonly body: Run;

  constructor(
    private readonly definition: CFunction,
    private readonly known: ReadonlyMap<string, Steered>,
    private readonly called: Call,
  ) {
    this.base = definition.name.replace(/_\d+$/, '');
    for (const p of definition.parameters) this.slot(p.name);
    this.body = this.statement(definition.body);
  }

  walk(values: readonly number[]): Walk {
    this.usual = new Float64Array(this.keys.length);
    this.most = new Float64Array(this.keys.length);
    [this.assembly, this.worst, this.classes, this.more] = [0, 0, NO_CLASSES, new Map()];
    const frame = new Float64Array(this.slots.size).fill(Number.NaN);
    for (const i of this.definition.parameters.keys()) frame[i] = values[i] ?? Number.NaN;
    this.body(frame, 1, 1);
    const parts = this.more;
    for (const [i, key] of this.keys.entries()) {
      if (this.most[i]) addRuns(parts, key, { usual: this.usual[i], most: this.most[i], words: this.words[i] });
    }
    return { assembly: this.assembly, worst: this.worst, classes: this.classes, parts };
  }

  private value(e: Expression): Value {
    return evaluator(e, (name) => this.slot(name));
  }

  private slot(name: string): number {
    const before = this.slots.get(name);
    if (before !== undefined) return before;
    this.slots.set(name, this.slots.size);
    return this.slots.size - 1;
  }

  /** A part whose runs are counted. @param more what tells it from others of the same text */
  private counted(s: Statement, more = ''): Run {
    const own = s.kind === 'block' ? s.of : [s];
    const text = own.map((inner) => ('text' in inner ? inner.text : inner.kind)).join(' ');
    const at = this.keys.push(`${this.base}#${keyOf(text)}${more}`) - 1;
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
        const value = s.value ? this.value(s.value) : () => Number.NaN;
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
    const turns = turnsOf(first, isOn, next, this.slots.size);
    this.loops += turns;
    const body = this.counted(s.body, FEW_TURNS.test(turns) ? `/${turns}` : '');
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
      let taken = 0;
      for (; isOn(frame) === 1; taken++) {
        if (taken > MOST_TURNS) throw new Error(`a loop of ${this.base} has no end`);
        if (isSteered && body(frame, usual, most)) return true;
        next(frame, usual, most);
      }
      if (!isSteered && taken) body(frame, usual * taken, most * taken);
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
          new Map(operands.map((o, i) => [o.name, Number.isNaN(given[i]) ? addressOf(i) : given[i]])),
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
          );
          this.assembly += found.assembly * usual;
          this.classes = plusClasses(this.classes, found.classes, usual);
          this.worst += found.worst * most + found.assembly * (most - usual);
          for (const [key, runs] of found.parts) {
            addRuns(this.more, key, { usual: runs.usual * usual, most: runs.most * most, words: runs.words });
          }
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
        addRuns(this.more, `${name}${fixed}`, { usual, most, words: 10 });
        if (fixed) return false;
        const each = (part: string, n: number) =>
          addRuns(this.more, `${name}/${part}`, { usual: usual * n, most: most * n, words: 2 });
        each('words', Math.floor(bytes / 4));
        each('bytes', bytes % 4);
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
