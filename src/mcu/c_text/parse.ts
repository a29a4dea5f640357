/** Reads the C that the generator writes: its functions, statement by statement. */
import { ExpressionParser, TYPES } from './expressions.ts';
import { linesOfLiteral } from './preprocess.ts';
import type { CFunction, Expression, Operand, Statement } from './syntax.ts';

const TOKEN =
  /"(?:[^"\\]|\\.)*"|\/\*[\s\S]*?\*\/|[A-Za-z_]\w*|0x[0-9a-fA-F]+[uUlL]*|\d+\.\d+(?:e[+-]?\d+)?f?|\d+[uUlL]*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|->|[^\s]/g;

/** The functions that a text defines. @throws Error for what the generator does not write */
export function parseFunctions(text: string): CFunction[] {
  const parser = new Parser(text.match(TOKEN)?.filter((t) => !t.startsWith('/*')) ?? []);
  const found: CFunction[] = [];
  while (!parser.isDone) found.push(parser.function());
  return found;
}

class Parser extends ExpressionParser {
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
}

/** An array: where it begins with a list of fewer values than it has, the rest is cleared. */
const cleared = (list: Expression | null, bytes: number): Expression =>
  list?.kind === 'memory' && list.of.length === 1
    ? { kind: 'call', name: 'memset', values: [list, list, { kind: 'number', value: bytes }] }
    : { kind: 'memory', of: list ? [list] : [] };
