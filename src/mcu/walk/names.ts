/** Which variables what happens depends on. */
import { type CFunction, children, type Expression, expressions, inside, type Statement } from '../c_text/syntax.ts';

/** A function of the text, and its parameters that steer it. */
export interface Steered {
  readonly definition: CFunction;
  readonly steering: ReadonlySet<string>;
}

/** Functions of C's library that are counted by their last argument: bytes. */
export const LIBRARY = /^(memcpy|memset|memmove)$/;

/** The variables of an expression, but for what memory and functions answer. */
function names(e: Expression, to: Set<string>): void {
  if (e.kind === 'name') to.add(e.name);
  if (e.kind === 'memory' || e.kind === 'call') return;
  for (const inner of children(e)) names(inner, to);
}

/** Variables that a loop changes and does not declare anew in each turn. */
export function assigned(loop: Statement & { kind: 'for' }): Set<string> {
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

/** Variables on which conditions, bounds and what calls are given depend within a statement. */
export function steersOf(s: Statement, known: ReadonlyMap<string, Steered>): Set<string> {
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
