/** A listing of Thumb assembly as instructions with their operands. */
export interface Instruction {
  readonly name: string;
  readonly operands: readonly string[];
  /** Of a branch: the place it goes to; else -1. */
  readonly target: number;
}

export type Listing = readonly Instruction[];

/** A label and the first instruction behind it. */
interface Label {
  readonly name: string;
  readonly at: number;
}

const LABEL = /^(\d+|[A-Za-z_]\w*):$/;

/** Operands between commas that stand in no brackets. */
export const operandsOf = (text: string): string[] =>
  text.match(/(?:\[[^\]]*\]!?|\{[^}]*\}|[^,[{])+/g)?.map((s) => s.trim()) ?? [];

export function parseListing(lines: readonly string[]): Listing {
  const labels: Label[] = [];
  const parsed: { name: string; operands: string[] }[] = [];
  for (const line of lines.map((l) => l.trim())) {
    const label = LABEL.exec(line);
    if (label) labels.push({ name: label[1], at: parsed.length });
    if (label || line === '' || line.startsWith('.')) continue;
    const space = line.indexOf(' ');
    const [name, rest] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
    parsed.push({ name, operands: operandsOf(rest) });
  }
  return parsed.map((p, i) => ({ ...p, target: targetOf(p.operands.at(-1) ?? '', i, labels) }));
}

/** The place of `2f` or `1b` as seen from instruction `from`; -1 where the operand is no label. */
function targetOf(operand: string, from: number, labels: readonly Label[]): number {
  const found = /^(\d+)([bf])$/.exec(operand);
  if (!found) return -1;
  const own = labels.filter((l) => l.name === found[1]);
  return found[2] === 'f' ? (own.find((l) => l.at > from)?.at ?? -1) : (own.filter((l) => l.at <= from).at(-1)?.at ?? -1);
}

/** The registers that `{r4-r7, lr}` names. */
export const registersOf = (list: string): string[] =>
  list
    .replace(/[{}]/g, '')
    .split(',')
    .flatMap((part) => {
      const [from, to] = part.trim().split('-');
      if (!to) return [from];
      const [a, b] = [Number(from.slice(1)), Number(to.slice(1))];
      return Array.from({ length: b - a + 1 }, (_, i) => `${from[0]}${a + i}`);
    });
