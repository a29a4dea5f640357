/**
 * Words answered to by a network that has heard made-up voices only: every person among espeak-ng's voices is unheard. The recipe is chosen by the validation voices of
 * words.ts; all others answer once, in int8, in the section words_unheard of README.md. Begun again it goes on where it stopped.
 *
 *     node --import tsx bench/experiments/words_unheard.ts STATE [only the voices of validation: validation]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frontEndIn, loadDataset } from '../../src/data/index.ts';
import { evaluate, loadModel } from '../../src/engine.ts';
import type { Model } from '../../src/stage.ts';
import { personsIn } from './persons.ts';
import { writeSection } from './sections.ts';
import { randomOf, Speakers } from './spoken.ts';
import { SPEAKERS } from './words_sets.ts';

const SEED = 1;
const MADE = { voices: 300, clips: 1 };
const CLIPS = 4;
const FEATURES = 'logmel:low=60,high=7600,bands=32';
const TRAIN =
  `conv1d --width 3 --dropout 0.2 --window 1s --rate 16k --features ${FEATURES} --epochs 40 --augment shift=6,mask=8x6,scale=0.05 --label-smoothing 0.05`.split(
    ' ',
  );
const SPLIT = ['--split', '0.98,0.01,0.01'];

const [state, only] = process.argv.slice(2);
if (!state) throw new Error('give a folder for the state');

const speakers = await Speakers.open();
const persons = personsIn(speakers.voices);

/** Clips are written aside first: a folder of them is whole. */
async function clips(
  place: string,
  voices: () => readonly string[],
  each: number,
  name: string,
  learns: boolean,
): Promise<string> {
  if (!existsSync(place)) {
    await speakers.write(`${place}.part`, voices(), each, randomOf(SEED, name), learns);
    renameSync(`${place}.part`, place);
  }
  return place;
}

const made = await clips(
  join(state, 'made'),
  () => speakers.make(MADE.voices, randomOf(SEED, 'voices')),
  MADE.clips,
  'made',
  true,
);
const float = join(state, 'words.tflite');
const int8 = join(state, 'words_int8.tflite');
const thumbnet = (...given: string[]) =>
  execFileSync('node', ['--import', 'tsx', 'src/cli.ts', ...given], { stdio: ['ignore', 'inherit', 'inherit'] });
if (!existsSync(float))
  thumbnet('train', ...TRAIN, '--data', made, ...SPLIT, '--checkpoint', join(state, 'train'), '--out', float);
if (!existsSync(int8)) thumbnet('quantize', float, '--data', made, ...SPLIT, '--out', int8);

interface Answers {
  readonly right: number;
  readonly clips: number;
}
async function answersTo(voice: string, model: Model): Promise<Answers> {
  const place = await clips(join(state, 'answered', voice), () => [voice], CLIPS, `answered/${voice}`, false);
  const { facts, normalization } = frontEndIn(model.graph)!;
  const { samples: window, rate } = facts;
  const data = await loadDataset(place, { whole: true, features: facts, window, rate: rate!, model, ...normalization });
  const { correct, examples } = await evaluate(model, data, 'test');
  return { right: correct!, clips: examples };
}
const share = ({ right, clips }: Answers) => `${right} of ${clips}, ${((100 * right) / clips).toFixed(1)} %`;
const sum = (all: readonly Answers[]): Answers => ({
  right: all.reduce((n, { right }) => n + right, 0),
  clips: all.reduce((n, { clips }) => n + clips, 0),
});

/** Standard error of the share in percent, where persons are drawn and not clips. */
function errorOf(some: readonly (readonly string[])[], answers: Readonly<Record<string, Answers>>): string {
  const each = some.map((voices) => sum(voices.map((voice) => answers[voice])));
  const { right, clips } = sum(each);
  const squares = each.reduce((total, person) => total + (person.right - (right / clips) * person.clips) ** 2, 0);
  return ((100 * Math.sqrt((squares * each.length) / (each.length - 1))) / clips).toFixed(1);
}

const looked = new Set([...SPEAKERS.validation, ...SPEAKERS.fresh]);
for (const file of only ? [float, int8] : []) {
  const model = await loadModel(Uint8Array.from(readFileSync(file)));
  const all: [string, Answers][] = [];
  for (const voice of SPEAKERS.validation) all.push([voice, await answersTo(voice, model)]);
  console.log(file, share(sum(all.map(([, a]) => a))), all.map(([voice, { right }]) => `${voice} ${right}`).join(', '));
}
if (!only) {
  const file = join(state, 'answers.json');
  const answers: Record<string, Answers> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const model = await loadModel(Uint8Array.from(readFileSync(int8)));
  for (const voice of persons.flat()) {
    answers[voice] ??= await answersTo(voice, model);
    writeFileSync(file, JSON.stringify(answers));
  }
  const of = (voices: readonly string[]) => sum(voices.map((voice) => answers[voice]));
  const voices = persons.flat();
  const groups: [string, readonly string[]][] = [
    ['all', voices],
    ['validation, by which the recipe was chosen', voices.filter((v) => SPEAKERS.validation.includes(v))],
    ['looked at once before', voices.filter((v) => SPEAKERS.fresh.includes(v))],
    ['all but these two sets', voices.filter((v) => !looked.has(v))],
    ['of persons of whom no voice is among these two', persons.filter((p) => !p.some((v) => looked.has(v))).flat()],
    ['in no set of words.ts', voices.filter((v) => !Object.values(SPEAKERS).flat().includes(v))],
  ];
  const least = voices.filter((v) => answers[v].right < 0.9 * answers[v].clips);
  writeSection(
    'words_unheard',
    [
      '| voices | persons | voices | clips right | standard error over persons |',
      '| --- | --: | --: | --: | --: |',
      ...groups.map(([name, some]) => {
        const heard = persons.map((p) => p.filter((v) => some.includes(v))).filter((p) => p.length > 0);
        return `| ${name} | ${heard.length} | ${some.length} | ${share(of(some))} | ${errorOf(heard, answers)} |`;
      }),
      '',
      `Voices below 90 %, right of ${10 * CLIPS}: ${least.map((v) => `${v} ${answers[v].right}`).join(', ')}.`,
    ].join('\n'),
  );
}
speakers.close();
