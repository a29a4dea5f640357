import { test } from 'uvu';
import { EvolutionSampler, Halving, Study, TpeSampler, type Trial } from '../../src/search/index.ts';
import { isRefused, nothing } from './space.ts';

const ask = (space: (trial: Trial) => unknown) => new Study().ask(space);
const refused: [string, RegExp, () => unknown][] = [
  ['low above high', /low 2 is above high 1/, () => ask((t) => t.suggestFloat('x', 2, 1))],
  ['infinite range', /not finite/, () => ask((t) => t.suggestFloat('x', 0, Number.POSITIVE_INFINITY))],
  ['log of 0', /no place on a log scale/, () => ask((t) => t.suggestFloat('x', 0, 1, { log: true }))],
  ['log and step', /exclude each other/, () => ask((t) => t.suggestFloat('x', 1, 2, { log: true, step: 0.5 }))],
  ['step 0', /step 0 is not above 0/, () => ask((t) => t.suggestFloat('x', 1, 2, { step: 0 }))],
  ['broken integer', /not all integers/, () => ask((t) => t.suggestInt('x', 0.5, 2))],
  ['no choices', /nothing to choose/, () => ask((t) => t.suggestCategorical('x', []))],
  ['a choice twice', /given twice/, () => ask((t) => t.suggestCategorical('x', ['a', 'a']))],
  ['no directions', /directions are/, () => new Study({ directions: [] })],
  ['bad seed', /seed -1/, () => new Study({ seed: -1 })],
  ['bad lag', /lag 0/, () => new Study({ lag: 0 })],
  ['bad population', /populationSize 1/, () => new EvolutionSampler({ populationSize: 1 })],
  ['bad startup', /startup 0/, () => new TpeSampler({ startup: 0 })],
  ['an option that is none', /TpeSampler has no option "populationSize"/, () => new TpeSampler({ populationSize: 9 } as object)],
  ['an option that is none', /EvolutionSampler has no option "startup"/, () => new EvolutionSampler({ startup: 9 } as object)],
  ['an option that is none', /Halving has no option "rungs"/, () => new Halving(new Study(), { rungs: 9 } as object)],
  [
    'wrong number of values',
    /got 2 values \[1,2\], but the study has 1 objective/,
    async () => {
      const study = new Study();
      await study.tell((await study.ask(nothing))!, [1, 2]);
    },
  ],
  [
    'no value',
    /got no value/,
    async () => {
      const study = new Study();
      await study.tell((await study.ask(nothing))!);
    },
  ],
  [
    'telling twice',
    /trial 0 is complete, not running/,
    async () => {
      const study = new Study();
      const trial = (await study.ask(nothing))!;
      await study.tell(trial, 1);
      await study.tell(trial, 1);
    },
  ],
  ['telling what was not asked', /trial 5 is unknown/, () => new Study().tell(5, 1)],
  [
    'reporting after tell',
    /trial 0 is complete, not running/,
    async () => {
      const study = new Study();
      const trial = (await study.ask(nothing))!;
      await study.tell(trial, 1);
      await trial.report(1, 1);
    },
  ],
  [
    'suggesting after ask',
    /parameter "x" of trial 0 is asked for after the trial began/,
    async () => {
      const trial = (await new Study().ask((t) => t))!;
      trial.point.suggestInt('x', 0, 1);
    },
  ],
  [
    'changed choices',
    /was \["a","b"\] before and is \["a","c"\] now/,
    async () => {
      const study = new Study();
      await study.ask((t) => t.suggestCategorical('x', ['a', 'b']));
      await study.ask((t) => t.suggestCategorical('x', ['a', 'c']));
    },
  ],
  [
    'changed kind',
    /was log float before and is int now/,
    async () => {
      const study = new Study();
      await study.ask((t) => t.suggestFloat('x', 1, 2, { log: true }));
      await study.ask((t) => t.suggestInt('x', 1, 2));
    },
  ],
  ['best of several objectives', /no single trial is best/, () => new Study({ directions: ['minimize', 'minimize'] }).best],
];
for (const [name, message, act] of refused) {
  test(`refused: ${name}`, () => isRefused(new Promise((done) => done(act())), message));
}

test.run();
