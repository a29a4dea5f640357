// Runs the benches of this folder and writes what they found into bench/README.md.
//   npm run bench [-- NAME...]      NAME: a file here without `.bench.ts`; all of them where none is given
// Sections that were not run again stay as they are.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Bench } from './section.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const FILE = join(HERE, 'README.md');
const HEAD = `# Benches

Made by \`npm run bench\`. Peers first: \`npm ci --prefix bench --ignore-scripts\`, and Debian's \`chromium\`, \`python3-torch\`, \`libopenblas0\` and \`python3-optuna\`.
Relaxed dots need Node 24: \`npx -p node@24 npm run bench\`. Contenders take turns in one run, one thread each, after their answers were compared. Times are
processor time, in child processes and in the browser too. Numbers are medians; ± is half the distance between the quartiles. Only ratios within one section mean
anything elsewhere.
`;

const names = readdirSync(HERE)
  .filter((f) => f.endsWith('.bench.ts'))
  .map((f) => f.slice(0, -'.bench.ts'.length))
  .sort();
const asked = process.argv.slice(2);
for (const name of asked) if (!names.includes(name)) throw new Error(`no bench is called ${name}; there are ${names.join(', ')}`);

const sections = stored();
for (const name of asked.length ? asked : names) {
  console.error(`\n${name}`);
  const { default: bench }: { default: Bench } = await import(pathToFileURL(join(HERE, `${name}.bench.ts`)).href);
  const { title, text } = await bench();
  const where = `Node ${process.version}, ${cpus()[0].model.trim()}`;
  sections.set(name, `<!-- ${name} -->\n## ${title}\n\n${text}\n\n${where}.`);
  console.log(`\n## ${title}\n\n${text}`);
}
const ordered = names.filter((n) => sections.has(n)).map((n) => sections.get(n));
writeFileSync(FILE, `${HEAD}\n${ordered.join('\n\n')}\n`);
process.exit(0);

/** Sections of the file as it stands, by the name in the comment that opens each. */
function stored(): Map<string, string> {
  if (!existsSync(FILE)) return new Map();
  const parts = readFileSync(FILE, 'utf8').split(/^(?=<!-- \S+ -->$)/m);
  return new Map(parts.flatMap((p) => [...p.matchAll(/^<!-- (\S+) -->/g)].map((m): [string, string] => [m[1], p.trim()])));
}
