import type { Command } from 'commander';
import { findTarget, SOURCES, TARGETS, type Target } from '../targets/index.ts';
import { createOutput, kibibytes, type Output, table } from './output.ts';
import { registered, targetNames } from './target_names.ts';

export function addTargets(program: Command): void {
  program
    .command('targets')
    .description('the chips known, or one of them with the sources of its facts')
    .argument('[target]', 'a name, a core as cortex-m4@100MHz,512K,128K')
    .option('--json', 'one JSON object on stdout')
    .action((name: string | undefined, flags: { json?: boolean }) => {
      const out = createOutput(flags.json ?? false);
      const chips = name === undefined ? TARGETS : targetNames(registered(name)).map(findTarget);
      const targets = chips.map(factsOf);
      out.result({ targets, sources: sourcesOf(chips) }, () => {
        if (name === undefined) showAll(chips, out);
        else for (const chip of chips) showOne(chip, out);
      });
    });
}

const factsOf = ({ name, kind, aliases, ...facts }: Target) => ({ target: name, ...facts, kernels: kind, boards: aliases });

/** What the keys mean that chips name as their sources. */
const sourcesOf = (chips: readonly Target[]): Readonly<Record<string, string>> =>
  Object.fromEntries([...new Set(chips.flatMap((t) => t.sources))].sort().map((key) => [key, SOURCES[key]]));

function showAll(chips: readonly Target[], out: Output): void {
  const rows = chips.map((t) => [
    t.name,
    t.core.replace('cortex-', ''),
    t.aliases.join(' '),
    kibibytes(t.flashBytes),
    kibibytes(t.ramBytes),
    String(t.clockMhz),
    t.kind,
    t.sources.join('+'),
  ]);
  const head = ['target', 'core', 'boards', 'flash', 'RAM', 'MHz', 'kernels', 'sources'];
  out.print(table(head, rows, 3, { cut: ['boards', 8], drop: ['kernels', 'boards'] }));
  out.say('cores are Cortex-M; kernels: c = plain C, dsp = SMLAD, mve = Helium');
  out.say('sources:');
  for (const [key, what] of Object.entries(sourcesOf(chips))) out.say(`  ${key.padEnd(8)}${what}`);
  out.say('one chip: thumbnet targets NAME; any other: --target cortex-m4@100MHz,512K,128K, or a JSON file (docs/json.md)');
}

const POWER: Readonly<Record<Target['power'], string>> = {
  measured: 'measured while inferring',
  vendor: 'data sheet, a best case',
  board: 'of a whole board',
  none: 'not known: there is no energy',
};

function showOne(t: Target, out: Output): void {
  const lines: [string, string][] = [
    ['target', t.name],
    ['boards', t.aliases.join(' ') || '-'],
    ['core', `${t.core} at up to ${t.clockMhz} MHz, floating point: ${t.fpu}`],
    ['flash', `${kibibytes(t.flashBytes)}, cache: ${t.cache}, wait states: ${t.waitStates ?? 'not known'}`],
    ['RAM', `${kibibytes(t.ramBytes)} in one piece`],
    ['current', `${t.microampPerMhz ?? '-'} µA/MHz at ${t.supplyV} V (${POWER[t.power]})`],
    ...t.sources.map((key): [string, string] => ['source', SOURCES[key]]),
  ];
  for (const [what, text] of lines) out.say(`${what.padEnd(8)}${text}`);
}
