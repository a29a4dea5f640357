import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('README.md', import.meta.url));
const HEAD = `# Benches

Made by \`npm run bench\`. Peers first: \`npm ci --prefix bench --ignore-scripts\`, and Debian's \`chromium\`, \`python3-torch\`, \`libopenblas0\` and \`python3-optuna\`.
Relaxed dots need Node 24: \`npx -p node@24 npm run bench\`. Contenders take turns in one run, one thread each, after their answers were compared. Times are
processor time, in child processes and in the browser too. Numbers are medians; ± is half the distance between the quartiles. Only ratios within one section mean
anything elsewhere. \`bench/costs.ts BEFORE AFTER\` compares what whole jobs cost in two commits.
`;

/** Puts a section into bench/README.md, in place of the one of that name; the others stay as they are. */
export function putSection(name: string, title: string, text: string): void {
  const where = `Node ${process.version}, ${cpus()[0].model.trim()}`;
  const sections = stored().set(name, `<!-- ${name} -->\n## ${title}\n\n${text}\n\n${where}.`);
  const ordered = [...sections.keys()].sort().map((n) => sections.get(n));
  writeFileSync(FILE, `${HEAD}\n${ordered.join('\n\n')}\n`);
  console.log(`\n## ${title}\n\n${text}`);
}

/** Sections of the file as it is, by the name in the comment that opens each. */
function stored(): Map<string, string> {
  if (!existsSync(FILE)) return new Map();
  const parts = readFileSync(FILE, 'utf8').split(/^(?=<!-- \S+ -->$)/m);
  return new Map(parts.flatMap((p) => [...p.matchAll(/^<!-- (\S+) -->/g)].map((m): [string, string] => [m[1], p.trim()])));
}
