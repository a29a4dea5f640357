import type { Expression } from './syntax.ts';

export const TYPES = /^(?:u?int(?:8|16|32|64)_t|size_t|void|char|float|int|long|unsigned)$/;
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

/** Reads expressions from tokens. */
export class ExpressionParser {
  protected at = 0;

  constructor(protected readonly tokens: readonly string[]) {}

  get isDone(): boolean {
    return this.at >= this.tokens.length;
  }

  protected peek(ahead = 0): string {
    return this.tokens[this.at + ahead] ?? '';
  }

  protected take(): string {
    return this.tokens[this.at++] ?? '';
  }

  protected is(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at++;
    return true;
  }

  protected need(token: string): void {
    if (this.take() !== token) {
      const near = this.tokens.slice(Math.max(0, this.at - 8), this.at + 4).join(' ');
      throw new Error(`C that cannot be read: ${token} is missing near "${near}"`);
    }
  }

  protected textFrom(start: number): string {
    return this.tokens.slice(start, this.at).join(' ');
  }

  protected expression(): Expression {
    const left = this.choice();
    const op = this.peek();
    if (!/^([-+*/%&|^]|<<|>>)?=$/.test(op)) return left;
    this.take();
    return { kind: 'assign', to: left, op: op.slice(0, -1), value: this.expression() };
  }

  protected choice(): Expression {
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
