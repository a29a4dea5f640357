/** The statements and expressions of the C that the generator writes, and no more. */

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

/** Expressions directly within one. */
export function children(e: Expression): readonly Expression[] {
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

/** Expressions directly within a statement, but for those of what assembly is given. */
export function expressions(s: Statement): readonly Expression[] {
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

/** Statements directly within one. */
export function inside(s: Statement): readonly Statement[] {
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
