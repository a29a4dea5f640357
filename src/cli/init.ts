/** Writes thumbnet.config.json by a few questions. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { CompressError } from '../errors.ts';
import { ENDINGS } from '../formats/index.ts';
import { findTarget } from '../targets/index.ts';
import { checkDrop } from '../task/index.ts';
import { CONFIG } from './config.ts';
import { checkOutput, exists, writeWhole } from './files.ts';
import { createOutput, type Output, typed } from './output.ts';
import { registered, targetNames } from './target_names.ts';
import { byteCount, number } from './values.ts';

interface Question {
  readonly key: string;
  readonly text: string;
  readonly usual: string;
  /** @throws Error that says what is wrong */
  readonly check: (answer: string) => void | Promise<void>;
}

const isFile = (what: string) => async (path: string) => {
  if (!(await exists(path))) throw new Error(`There is no ${what} "${path}".`);
};

const QUESTIONS: readonly Question[] = [
  { key: 'model', text: `Model file (${ENDINGS})`, usual: '', check: isFile('file') },
  { key: 'data', text: 'Data: a folder with train and test, or a file', usual: '', check: isFile('file or folder') },
  {
    key: 'target',
    text: 'Chip (see `thumbnet targets`)',
    usual: 'stm32l476rg',
    check: (text) => void targetNames(registered(text)).map(findTarget),
  },
  { key: 'maxDrop', text: 'Largest loss of accuracy', usual: '1%', check: (text) => checkDrop('accuracy', number(text)) },
  {
    key: 'flashBudget',
    text: 'Flash for the network, as 64K (empty: the whole chip)',
    usual: '',
    check: (text) => void (text && byteCount(text)),
  },
  {
    key: 'ramBudget',
    text: 'RAM for the network, as 32K (empty: the whole chip)',
    usual: '',
    check: (text) => void (text && byteCount(text)),
  },
];

/** What may be left empty. */
const FREE = ['flashBudget', 'ramBudget'];

export function addInit(program: Command): void {
  program
    .command('init')
    .description(`writes ${CONFIG} by a few questions; the other verbs then take it for granted`)
    .option('--force', `replace ${CONFIG} where it exists`)
    .action(async ({ force = false }: { force?: boolean }) => {
      await checkOutput(CONFIG, { force, flag: 'folder' });
      if (!process.stdin.isTTY) {
        const fix = `write ${CONFIG} by hand: {"model": "net.tflite", "data": "data/", "target": "stm32l476rg"}`;
        throw new CompressError('bad-option', 'init asks questions, and there is no terminal to ask in', fix);
      }
      const out = createOutput(false);
      const answers = await ask(out);
      await writeWhole(CONFIG, `${JSON.stringify(answers, null, 2)}\n`, 'folder');
      out.print(`written: ${CONFIG}\nnext: ${typed()} compress --dry-run`);
    });
}

async function ask(out: Output): Promise<Record<string, string>> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  let isAnswered = false;
  const closed = new Promise<never>((_, reject) => {
    terminal.once('close', () => {
      // The question stands in the line still.
      if (!isAnswered) out.print('');
      reject(new CompressError('interrupted', 'interrupted; nothing was written', 'run `thumbnet init` again'));
    });
  });
  closed.catch(() => {});
  const answers: Record<string, string> = {};
  for (const question of QUESTIONS) {
    const answer = await askOne(question, (text) => Promise.race([terminal.question(text), closed]), out);
    if (answer) answers[question.key] = answer;
  }
  isAnswered = true;
  terminal.close();
  return answers;
}

async function askOne(
  { key, text, usual, check }: Question,
  question: (text: string) => Promise<string>,
  out: Output,
): Promise<string> {
  for (;;) {
    const answer = (await question(`${text}${usual ? ` [${usual}]` : ''}: `)).trim() || usual;
    if (!answer && !FREE.includes(key)) continue;
    try {
      await check(answer);
      return answer;
    } catch (e) {
      out.say((e as Error).message);
    }
  }
}
