// Runs the benches of this folder and writes what they found into bench/README.md.
//   npm run bench [-- NAME...]      NAME: a file here without `.bench.ts`; all of them where none is given
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { putSection } from './readme.ts';
import type { Bench } from './section.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(HERE)
  .filter((f) => f.endsWith('.bench.ts'))
  .map((f) => f.slice(0, -'.bench.ts'.length))
  .sort();
const asked = process.argv.slice(2);
for (const name of asked) if (!names.includes(name)) throw new Error(`no bench is called ${name}; there are ${names.join(', ')}`);

for (const name of asked.length ? asked : names) {
  console.error(`\n${name}`);
  const { default: bench }: { default: Bench } = await import(pathToFileURL(join(HERE, `${name}.bench.ts`)).href);
  const { title, text } = await bench();
  putSection(name, title, text);
}
process.exit(0);
