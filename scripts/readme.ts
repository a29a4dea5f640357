// Puts what a compression found into README.md, between `<!-- NAME -->` and `<!-- /NAME -->`, and its picture into docs/NAME.svg.
//   node --import tsx scripts/readme.ts NAME FOLDER      FOLDER: what `thumbnet compress` or `thumbnet demo` wrote
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type History, parseHistory, standalonePicture } from '../src/report/index.ts';
import { RESOURCES } from '../src/report/tables.ts';
import { inTurns, percent, points, ratio } from '../src/report/units.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const [name, folder] = process.argv.slice(2);
if (!name || !folder) throw new Error('give a name and the folder of a compression');
const history = parseHistory(readFileSync(join(folder, 'history.json'), 'utf8'));
const file = join(ROOT, 'README.md');
const readme = readFileSync(file, 'utf8');
const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
const from = readme.indexOf(open);
const to = readme.indexOf(close);
if (from < 0 || to < from) throw new Error(`README.md has no ${open} ... ${close}`);
writeFileSync(file, `${readme.slice(0, from + open.length)}\n${table(history)}\n${readme.slice(to)}`);
mkdirSync(join(ROOT, 'docs'), { recursive: true });
writeFileSync(join(ROOT, 'docs', `${name}.svg`), standalonePicture(history));

function table({ rows, data, recipe, trials }: History): string {
  const result = rows[rows.length - 1];
  const plain = rows[rows.length - 2];
  const lines = RESOURCES.map(({ key, label, show }) => [
    label,
    ...rows.map((r) => show(r.figures[key])),
    ratio(plain.figures[key], result.figures[key]),
  ]);
  const accuracy = [
    'Accuracy',
    ...rows.map((r) => percent(r.figures.accuracy)),
    points(plain.figures.accuracy, result.figures.accuracy),
  ];
  const head = ['', ...rows.map((r) => r.label), `against ${plain.label}`];
  const all = [head, head.map((_, i) => (i ? '--:' : '---')), ...lines, accuracy];
  const stages = inTurns(recipe.stages.map((s) => s.name)).join(' → ');
  const seen = `${data.train} examples to train on, ${data.validation} to choose by, ${trials.length} trials`;
  return `${all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Accuracy of ${data.test} test examples that no stage and no trial saw (${seen}). The search found: ${stages}.`;
}
