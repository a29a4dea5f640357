/** What an expression is worth where memory is not known: a number, or NaN for what is not known. */
import type { Expression } from '../c_text/syntax.ts';

/** By the variables of a function. */
export type Value = (frame: Float64Array) => number;

const UNKNOWN: Value = () => Number.NaN;

/** @param slotOf the place of a variable in the frame */
export function evaluator(e: Expression, slotOf: (name: string) => number): Value {
  switch (e.kind) {
    case 'number': {
      const { value } = e;
      return () => value;
    }
    case 'name': {
      const slot = slotOf(e.name);
      return (frame) => frame[slot];
    }
    case 'unary': {
      const of = evaluator(e.of, slotOf);
      if (e.op === '-') return (frame) => -of(frame);
      if (e.op === '~') return (frame) => (Number.isNaN(of(frame)) ? Number.NaN : ~of(frame));
      if (e.op === '!') return (frame) => (of(frame) === 0 ? 1 : of(frame) ? 0 : Number.NaN);
      return of;
    }
    case 'binary': {
      const [left, right] = [evaluator(e.left, slotOf), evaluator(e.right, slotOf)];
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
      const [condition, then, otherwise] = [
        evaluator(e.condition, slotOf),
        evaluator(e.then, slotOf),
        evaluator(e.otherwise, slotOf),
      ];
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

export const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
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
