import type { Variant } from '../../c/parts.ts';

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

/** Lines of a literal of assembly, operands without brackets. */
export const linesOfLiteral = (literal: string): string[] =>
  literal
    .slice(1, -1)
    .split(/\\n/)
    .map((l) => l.replace(/\\t/g, ' ').replace(/%\[(\w+)\]/g, '%$1'));
