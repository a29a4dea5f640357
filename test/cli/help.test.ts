import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXAMPLES } from '../../src/cli/examples.ts';
import { program } from '../../src/cli/main.ts';
import { testWhere } from '../skipped.ts';
import { inProcess } from './in_process.ts';
import { inFolder } from './sample.ts';

test('every verb has examples, and all their options are known', async () => {
  const verbs = new Map((await program()).commands.map((c) => [c.name(), c]));
  assert.equal([...verbs.keys()].sort(), Object.keys(EXAMPLES).sort());
  for (const [verb, lines] of Object.entries(EXAMPLES)) {
    for (const line of lines) {
      const [name, ...words] = line.split(' ');
      assert.is(name, verb);
      const { unknown } = verbs.get(verb)!.parseOptions(words.filter((w) => w !== '>'));
      assert.equal(unknown, [], line);
    }
  }
});

test('a default is in the help of every option that has one', async () => {
  for (const command of (await program()).commands) {
    for (const { long, defaultValue, description, mandatory, hidden } of command.options) {
      if (hidden || defaultValue === undefined || typeof defaultValue === 'boolean') continue;
      assert.not(mandatory);
      assert.match(
        command.helpInformation().replace(/\s+/g, ' '),
        new RegExp(`${long} [\\s\\S]*?[(,] ?(default: )?"?${defaultValue}`),
        description,
      );
    }
  }
});

test('a verb alone brings those of its module, and what is no verb brings all', async () => {
  const names = async (verb?: string) => (await program(verb)).commands.map((c) => c.name());
  const all = await names();
  for (const verb of all) assert.ok((await names(verb)).includes(verb), verb);
  assert.equal(await names('inspect'), ['inspect']);
  assert.equal(await names('inspekt'), all);
});

test('what is wrong is named in order: an option that is not known, then the model, then an option that is missing', async () => {
  const said = async (...args: string[]) => (await inProcess(...args)).err.split('\n')[0];
  assert.match(await said('compress', '--tarhet', 'x'), /unknown option '--tarhet'/);
  assert.match(await said('compress', 'net.tflite', '--max-dorp', '1%'), /unknown option '--max-dorp'/);
  assert.match(await said('compress'), /missing required argument 'model'/);
  assert.match(await said('compress', 'net.tflite'), /the option --data <path> is required/);
  assert.match(await said('compress', 'net.tflite', '--data', 'd'), /the option --target <mcu> is required/);
});

test('versions by -v, help in the width of the terminal', async () => {
  assert.match((await inProcess('-v')).out, /^\d+\.\d+\.\d+\n$/);
  for (const verb of ['compress', 'profile', 'compare']) {
    const { code, out } = await inProcess(verb, '--help');
    assert.is(code, 0);
    assert.match(out, /Examples:\n {2}\$ thumbnet /);
  }
});

test('help fits 80 columns; examples are whole, for they are copied', async () => {
  for (const name of (await program()).commands.map((c) => c.name())) {
    const { out } = await inProcess(name, '--help');
    const [options] = out.split('\nExamples:\n');
    assert.equal(
      options.split('\n').filter((line) => line.length > 80),
      [],
      name,
    );
  }
});

test('scripts for shells know verbs, options and chips', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out } = await inProcess('completion', shell);
    for (const word of ['compare', 'max-growth', 'stm32l476rg']) assert.ok(out.includes(word), `${shell}: ${word}`);
  }
  assert.is((await inProcess('completion', 'ksh')).code, 2);
});

/** What each shell itself makes of its script, where it is there. */
const ASKED: Readonly<Record<string, readonly [args: (file: string) => string[], wanted: string]>> = {
  bash: [
    (file) => ['-c', `source ${file}; COMP_WORDS=(thumbnet ab); COMP_CWORD=1; _thumbnet; echo ${'$'}{COMPREPLY[@]}`],
    'ablate',
  ],
  zsh: [
    (file) => [
      ...['-f', '-c'],
      `compdef() {}; _arguments() { print -l -- $@ }; source ${file}; words=(thumbnet ablate --see); CURRENT=3; _thumbnet`,
    ],
    '--seeds[runs of each arm',
  ],
  fish: [(file) => ['--no-config', '-c', `source ${file}; complete -C 'thumbnet ablate --see'`], '--seeds'],
};

for (const [shell, [args, wanted]] of Object.entries(ASKED)) {
  testWhere(spawnSync(shell, ['-c', 'true']).status === 0, 'it is absent')(`${shell} takes its script`, async () => {
    const file = inFolder(`complete.${shell}`);
    writeFileSync(file, (await inProcess('completion', shell)).out);
    const { status, stdout, stderr } = spawnSync(shell, args(file), { encoding: 'utf8' });
    assert.equal([status, stderr], [0, '']);
    assert.ok(stdout.includes(wanted), stdout);
  });
}

test.run();
