/** Reads the C that the generator writes: the statements and expressions that it uses, and no more. */
import type { Variant } from '../c/parts.ts';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'unary'; readonly op: string; readonly of: Expression }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'choice'; readonly condition: Expression; readonly then: Expression; readonly otherwise: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly values: readonly Expression[] }
  | { readonly kind: 'assign'; readonly to: Expression; readonly op: string; readonly value: Expression }
  /** What memory holds: never known. */
  | { readonly kind: 'memory'; readonly of: readonly Expression[] };

export type Statement =
  | { readonly kind: 'block'; readonly of: readonly Statement[] }
  | { readonly kind: 'declare'; readonly name: string; readonly value: Expression | null; readonly text: string }
  | { readonly kind: 'expression'; readonly of: Expression; readonly text: string }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Statement;
      readonly otherwise: Statement | null;
      readonly text: string;
    }
  | {
      readonly kind: 'for';
      readonly first: Statement;
      readonly condition: Expression;
      readonly next: Expression;
      readonly body: Statement;
      readonly text: string;
    }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: Statement; readonly text: string }
  | { readonly kind: 'return'; readonly value: Expression | null; readonly text: string }
  | { readonly kind: 'assembly'; readonly lines: readonly string[]; readonly operands: readonly Operand[] };

/** An operand of inline assembly: how the listing names it, and what it is. */
export interface Operand {
  readonly name: string;
  readonly value: Expression;
  readonly isWritten: boolean;
}

export interface CFunction {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly isPointer: boolean }[];
  readonly body: Statement;
  /** Whether the whole function is a listing. */
  readonly isNaked: boolean;
}

const TOKEN =
  /"(?:[^"\\]|\\.)*"|\/\*[\s\S]*?\*\/|[A-Za-z_]\w*|0x[0-9a-fA-F]+[uUlL]*|\d+\.\d+(?:e[+-]?\d+)?f?|\d+[uUlL]*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|->|[^\s]/g;

/** What compilers define for the ways to write C. */
export const MACROS: Readonly<Record<Variant, readonly string[]>> = {
  thumb1: ['__ARM_ARCH_6M__'],
  plain: ['__ARM_ARCH_7M__'],
  dsp: ['__ARM_ARCH_7EM__', '__ARM_FEATURE_DSP'],
  mve: ['__ARM_FEATURE_DSP', '__ARM_FEATURE_MVE'],
};

/** The lines that are compiled where `defined` tells which macros there are. */
export function preprocessed(text: string, defined: (macro: string) => boolean): string {
  const kept: string[] = [];
  const open: boolean[] = [];
  for (const line of text.split('\n')) {
    const directive = /^\s*#\s*(\w+)\s*(.*)$/.exec(line);
    if (!directive) {
      if (open.every((o) => o)) kept.push(line);
    } else if (directive[1] === 'if') open.push(holds(directive[2], defined));
    else if (directive[1] === 'else') open.push(!open.pop());
    else if (directive[1] === 'endif') open.pop();
  }
  return kept.join('\n');
}

/** A condition of `defined(..)`, `!`, `&&`, `||` and parentheses. */
function holds(condition: string, defined: (macro: string) => boolean): boolean {
  const tokens =
    condition.replace(/defined\s*\(\s*(\w+)\s*\)/g, (_, macro) => (defined(macro) ? '1' : '0')).match(/&&|\|\||[!()01]/g) ?? [];
  let at = 0;
  const one = (): boolean => {
    const token = tokens[at++];
    if (token === '!') return !one();
    if (token !== '(') return token === '1';
    const inner = any();
    at++;
    return inner;
  };
  const all = (): boolean => {
    let value = one();
    while (tokens[at] === '&&') {
      at++;
      const next = one();
      value = value && next;
    }
    return value;
  };
  const any = (): boolean => {
    let value = all();
    while (tokens[at] === '||') {
      at++;
      const next = all();
      value = value || next;
    }
    return value;
  };
  return any();
}

/** The functions that a text defines. @throws Error for what the generator does not write */
export function parseFunctions(text: string): CFunction[] {
  const parser = new Parser(text.match(TOKEN)?.filter((t) => !t.startsWith('/*')) ?? []);
  const found: CFunction[] = [];
  while (!parser.isDone) found.push(parser.function());
  return found;
}

const TYPES = /^(?:u?int(?:8|16|32|64)_t|size_t|void|char|float|int|long|unsigned)$/;
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  get isDone(): boolean {
    return this.at >= this.tokens.length;
  }

  private peek(ahead = 0): string {
    return this.tokens[this.at + ahead] ?? '';
  }

  private take(): string {
    return this.tokens[this.at++] ?? '';
  }

  private is(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at++;
    return true;
  }

  private need(token: string): void {
    if (this.take() !== token) {
      const near = this.tokens.slice(Math.max(0, this.at - 8), this.at + 4).join(' ');
      throw new Error(`C that cannot be read: ${token} is missing near "${near}"`);
    }
  }

  private textFrom(start: number): string {
    return this.tokens.slice(start, this.at).join(' ');
  }

  function(): CFunction {
    let isNaked = false;
    while (this.peek(1) !== '(') if (this.take() === 'THUMBNET_ASSEMBLY') isNaked = true;
    const name = this.take();
    this.need('(');
    const parameters: { name: string; isPointer: boolean }[] = [];
    while (!this.is(')')) {
      const start = this.at;
      while (this.peek() !== ',' && this.peek() !== ')') {
        if (this.peek() === '[') while (this.take() !== ']');
        else this.take();
      }
      const own = this.tokens.slice(start, this.at);
      const names = own.filter((t) => /^[A-Za-z_]/.test(t) && t !== 'const' && !TYPES.test(t));
      if (names.length) parameters.push({ name: names.at(-1)!, isPointer: own.includes('*') });
      this.is(',');
    }
    return { name, parameters, body: this.block(), isNaked };
  }

  private block(): Statement {
    this.need('{');
    const of: Statement[] = [];
    while (!this.is('}')) of.push(...this.statements());
    return { kind: 'block', of };
  }

  private one(): Statement {
    if (this.peek() === '{') return this.block();
    const of = this.statements();
    return of.length === 1 ? of[0] : { kind: 'block', of };
  }

  private statements(): Statement[] {
    const start = this.at;
    const token = this.peek();
    if (token === '{') return [this.block()];
    if (token === ';') {
      this.take();
      return [];
    }
    if (token === '__asm') return [this.assembly()];
    if (token === 'if') return [this.condition()];
    if (token === 'for') return [this.loop()];
    if (token === 'while') {
      this.take();
      this.need('(');
      const condition = this.expression();
      this.need(')');
      return [{ kind: 'while', condition, body: this.one(), text: 'while' }];
    }
    if (token === 'return') {
      this.take();
      const value = this.peek() === ';' ? null : this.expression();
      this.need(';');
      return [{ kind: 'return', value, text: this.textFrom(start) }];
    }
    if (this.isType()) return this.declarations(start);
    const of = this.expression();
    this.need(';');
    return [{ kind: 'expression', of, text: this.textFrom(start) }];
  }

  private isType(): boolean {
    return this.peek() === 'const' || this.peek() === 'register' || this.peek() === 'static' || TYPES.test(this.peek());
  }

  private declarations(start: number): Statement[] {
    let bytes = 4;
    while (this.isType()) bytes = Number(/^u?int(\d+)_t$/.exec(this.take())?.[1] ?? 8 * bytes) / 8;
    const found: { name: string; value: Expression | null }[] = [];
    do {
      while (this.peek() === '*' || this.peek() === 'const') this.take();
      const name = this.take();
      let elements = 0;
      while (this.is('[')) {
        elements = Math.max(1, elements) * (Number(this.peek()) || 1);
        while (!this.is(']')) this.take();
      }
      let value: Expression | null = null;
      if (this.is('=')) value = this.peek() === '{' ? this.braces() : this.choice();
      found.push({ name, value: elements ? cleared(value, elements * bytes) : value });
    } while (this.is(','));
    this.need(';');
    const text = this.textFrom(start);
    return found.map((f, i) => ({ kind: 'declare', ...f, text: i ? '' : text }));
  }

  private braces(): Expression {
    this.need('{');
    const of: Expression[] = [];
    while (!this.is('}')) {
      of.push(this.choice());
      this.is(',');
    }
    return { kind: 'memory', of };
  }

  private condition(): Statement {
    const start = this.at;
    this.take();
    this.need('(');
    const condition = this.expression();
    this.need(')');
    const text = this.textFrom(start);
    const then = this.one();
    const otherwise = this.is('else') ? this.one() : null;
    return { kind: 'if', condition, then, otherwise, text };
  }

  private loop(): Statement {
    const start = this.at;
    this.take();
    this.need('(');
    const first: Statement = { kind: 'block', of: this.statements() };
    const condition = this.expression();
    this.need(';');
    const next = this.expression();
    this.need(')');
    const text = this.textFrom(start);
    return { kind: 'for', first, condition, next, body: this.one(), text };
  }

  private assembly(): Statement {
    this.take();
    this.is('volatile');
    this.need('(');
    const lines: string[] = [];
    while (this.peek().startsWith('"')) lines.push(...linesOfLiteral(this.take()));
    const operands: Operand[] = [];
    for (let group = 0; this.is(':'); group++) {
      while (this.peek() !== ':' && this.peek() !== ')') {
        const label = this.peek() === '[' ? this.labelled() : null;
        const constraint = this.take();
        if (this.is('(')) {
          const value = this.expression();
          this.need(')');
          const name = label ? `%${label}` : `%${operands.length}`;
          operands.push({ name, value, isWritten: group === 0 && constraint.length > 0 });
        }
        this.is(',');
      }
    }
    this.need(')');
    this.need(';');
    return { kind: 'assembly', lines, operands };
  }

  private labelled(): string {
    this.need('[');
    const name = this.take();
    this.need(']');
    return name;
  }

  expression(): Expression {
    const left = this.choice();
    const op = this.peek();
    if (!/^([-+*/%&|^]|<<|>>)?=$/.test(op)) return left;
    this.take();
    return { kind: 'assign', to: left, op: op.slice(0, -1), value: this.expression() };
  }

  private choice(): Expression {
    const condition = this.binary(0);
    if (!this.is('?')) return condition;
    const then = this.choice();
    this.need(':');
    return { kind: 'choice', condition, then, otherwise: this.choice() };
  }

  private binary(level: number): Expression {
    if (level === LEVELS.length) return this.unary();
    let left = this.binary(level + 1);
    while (LEVELS[level].includes(this.peek())) {
      const op = this.take();
      left = { kind: 'binary', op, left, right: this.binary(level + 1) };
    }
    return left;
  }

  private unary(): Expression {
    const token = this.peek();
    if (token === '(' && this.isCast()) {
      while (!this.is(')')) this.take();
      return this.unary();
    }
    if (token === '*') {
      this.take();
      return { kind: 'memory', of: [this.unary()] };
    }
    if (token === '&') {
      this.take();
      return { kind: 'memory', of: [this.unary()] };
    }
    if (token === '-' || token === '!' || token === '~' || token === '+') {
      this.take();
      return { kind: 'unary', op: token, of: this.unary() };
    }
    return this.postfix();
  }

  private isCast(): boolean {
    let ahead = 1;
    if (this.peek(ahead) === 'const') ahead++;
    return TYPES.test(this.peek(ahead)) && /^(\*|\)|const|long|int)$/.test(this.peek(ahead + 1));
  }

  private postfix(): Expression {
    let value = this.primary();
    for (;;) {
      if (this.is('[')) {
        value = { kind: 'memory', of: [value, this.expression()] };
        this.need(']');
      } else if (this.peek() === '++' || this.peek() === '--') {
        const op = this.take()[0];
        value = { kind: 'assign', to: value, op, value: { kind: 'number', value: 1 } };
      } else return value;
    }
  }

  private primary(): Expression {
    const token = this.take();
    if (token === '(') {
      const inner = this.expression();
      this.need(')');
      return inner;
    }
    if (/^\d/.test(token))
      return {
        kind: 'number',
        value: Number(token.replace(/[uUlLf]+$/, (tail) => (/^0x/.test(token) ? tail.replace(/[uUlL]/g, '') : ''))),
      };
    if (token === 'sizeof') {
      if (this.is('(')) while (!this.is(')')) this.take();
      else this.take();
      return { kind: 'memory', of: [] };
    }
    if (!this.is('(')) return { kind: 'name', name: token };
    const values: Expression[] = [];
    while (!this.is(')')) {
      values.push(this.expression());
      this.is(',');
    }
    return { kind: 'call', name: token, values };
  }
}

/** An array: where it begins with a list of fewer values than it has, the rest is cleared. */
const cleared = (list: Expression | null, bytes: number): Expression =>
  list?.kind === 'memory' && list.of.length === 1
    ? { kind: 'call', name: 'memset', values: [list, list, { kind: 'number', value: bytes }] }
    : { kind: 'memory', of: list ? [list] : [] };

/** Lines of a literal of assembly, operands without brackets. */
export const linesOfLiteral = (literal: string): string[] =>
  literal
    .slice(1, -1)
    .split(/\\n/)
    .map((l) => l.replace(/\\t/g, ' ').replace(/%\[(\w+)\]/g, '%$1'));
