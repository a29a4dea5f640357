/** Tables of README.md that scripts write, each between marks of its own. */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('./README.md', import.meta.url);

const marks = (name: string) => [`<!-- ${name}: written by its script -->`, `<!-- end of ${name} -->`] as const;

const split = (name: string) => {
  const text = readFileSync(FILE, 'utf8');
  const [begin, end] = marks(name);
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no section "${name}"`);
  return {
    before: text.slice(0, from + begin.length),
    inside: text.slice(from + begin.length, to).trim(),
    after: text.slice(to),
  };
};

export const readSection = (name: string): string => split(name).inside;

/** The cells of a section that is a table, its head first. */
export const readTable = (name: string): string[][] =>
  readSection(name)
    .split('\n')
    .filter((_, i) => i !== 1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

export function writeSection(name: string, content: string): void {
  const { before, after } = split(name);
  writeFileSync(FILE, `${before}\n\n${content}\n\n${after}`);
}
