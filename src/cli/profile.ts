import { type Command, Option } from 'commander';
import type { Trade } from '../c/parts.ts';
import { graphDigest } from '../graph/digest.ts';
import type { Graph } from '../graph/graph.ts';
import { shortName } from '../graph/names.ts';
import {
  checkMeasured,
  findTarget,
  type Measured,
  type Profile,
  type ProfileOptions,
  parseMeasured,
  profile,
  RUNTIMES,
  type Runtime,
  TARGETS,
  type Target,
} from '../mcu/index.ts';
import { asStored } from '../model.ts';
import { bytes, digits, milliseconds } from '../report/units.ts';
import { MISSED } from './exit_codes.ts';
import { MODEL, readBytes, readModel } from './files.ts';
import { tradeOption } from './flags.ts';
import { complain, count, createOutput, kibibytes, type Output, percent, table } from './output.ts';
import { targetNames } from './target_names.ts';
import { megahertz } from './values.ts';

interface Flags {
  readonly target: string;
  readonly runtime: Runtime;
  readonly clock?: number;
  readonly trade: Trade;
  readonly measured?: string;
  readonly json?: boolean;
}

export function addProfile(program: Command): void {
  program
    .command('profile')
    .description('flash, RAM, latency, energy: total and per layer')
    .argument('<model>', MODEL)
    .requiredOption('--target <mcu,..>', 'chips, or all (see `thumbnet targets`)')
    .addOption(new Option('--runtime <name>', 'what runs the network on the chip').choices([...RUNTIMES]).default('thumbnet'))
    .option('--clock <mhz>', 'another clock than the highest, as 84MHz', megahertz)
    .addOption(tradeOption('in generated C: '))
    .option('--measured <log>', 'what the main.c of an export printed on a chip: corrects its cycles, latency and energy')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, { target, runtime, clock: clockMhz, trade, measured: log, json }: Flags) => {
      const out = createOutput(json ?? false);
      const graph = asStored(await readModel(path));
      const names = target === 'all' ? TARGETS.map((t) => t.name) : targetNames(target);
      const chips = names.map(findTarget);
      const measured = log === undefined ? {} : { measured: await readMeasured(log, graph, chips, runtime) };
      const found = chips.map((chip) => profile(graph, chip, { runtime, clockMhz, trade, ...measured }));
      for (const warning of grouped(found)) out.warn(warning);
      out.result(found.length === 1 ? found[0] : { targets: found }, () =>
        found.length === 1
          ? showOne(out, found[0], besideOf(graph, chips[0], found[0], { clockMhz, trade }))
          : showAll(out, found),
      );
      if (found.every((p) => !p.fits.flash || !p.fits.ram)) {
        complain(`it does not fit ${found.length === 1 ? found[0].target : 'any of these chips'}`);
        process.exitCode = MISSED;
      }
    });
}

interface Beside {
  readonly flags: string;
  readonly profile: Profile;
}

/** What else a user may choose: the other runtimes, and generated C that takes less time, RAM or flash. */
function besideOf(
  graph: Graph,
  chip: Target,
  { runtime, ramBytes, flashBytes, latencyMs }: Profile,
  options: ProfileOptions,
): Beside[] {
  const others = RUNTIMES.filter((r) => r !== runtime);
  const [fast, frugal, packed] = (['speed', 'ram', 'flash'] as const).map((trade) =>
    profile(graph, chip, { ...options, runtime, trade }),
  );
  return [
    ...(fast.latencyMs < latencyMs ? [{ flags: '--trade speed', profile: fast }] : []),
    ...(frugal.ramBytes < ramBytes ? [{ flags: '--trade ram', profile: frugal }] : []),
    ...(packed.flashBytes < flashBytes ? [{ flags: '--trade flash', profile: packed }] : []),
    ...others.map((r) => ({ flags: `--runtime ${r}`, profile: profile(graph, chip, { ...options, runtime: r }) })),
  ];
}

async function readMeasured(log: string, graph: Graph, chips: readonly Target[], runtime: Runtime): Promise<Measured> {
  const measured = parseMeasured(new TextDecoder().decode(await readBytes(log, 'the log')), log);
  checkMeasured(measured, { name: graph.name, digest: await graphDigest(graph), runtime }, chips);
  return measured;
}

const SHOWN = 3;

/** Warnings that differ only in the chip or the core they are about, as one. */
export function grouped(all: readonly Pick<Profile, 'target' | 'core' | 'warnings'>[]): string[] {
  const groups = new Map<string, Set<string>>();
  const PLACE = '\0';
  for (const { target, core, warnings } of all) {
    for (const warning of warnings) {
      const about = [target, core].find((name) => warning.includes(` ${name} `) || warning.includes(` ${name}:`));
      const key = about === undefined ? warning : warning.replace(about, PLACE);
      groups.set(key, (groups.get(key) ?? new Set()).add(about ?? ''));
    }
  }
  return [...groups].map(([key, names]) => key.replace(PLACE, namesText([...names])));
}

function namesText(names: readonly string[]): string {
  if (names.length > SHOWN + 1) return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
  return names.join(', ');
}

function showOne(out: Output, p: Profile, beside: readonly Beside[]): void {
  const most = Math.max(1, ...p.layers.map((l) => l.ramBytes));
  const rows = p.layers.map((l) => [
    shortName(l.name),
    l.op,
    count(l.macs),
    count(l.instructions),
    count(l.cycles),
    milliseconds(l.latencyMs),
    count(l.flashBytes),
    count(l.ramBytes),
    bar(l.ramBytes, most),
  ]);
  out.print(
    table(['layer', 'operator', 'MACs', 'instructions', 'cycles', 'latency', 'flash B', 'RAM B', 'RAM over time'], rows, 2, {
      cut: ['layer', 12],
      drop: ['RAM over time', 'instructions', 'cycles', 'operator'],
    }),
  );
  showAll(out, [p]);
  if (p.frontEnd) {
    const { features, frames, flashBytes, ramBytes, instructions, latencyMs, heldOut } = p.frontEnd;
    const [, p90] = heldOut.instructions;
    out.say(
      `in these figures: the front end ${features} of ${frames} frame${frames > 1 ? 's' : ''}, ${bytes(flashBytes)} of flash, ${bytes(ramBytes)} of RAM, ${count(instructions)} instructions (${percent(p90)} off at the 90th percentile), ${milliseconds(latencyMs)}`,
    );
    if (frames > 1) out.say(`a stream computes one frame a hop: ${milliseconds(latencyMs / frames)} beside the network`);
  }
  const parts = (of: Readonly<Record<string, unknown>>) =>
    Object.entries(of)
      .filter(([name, n]) => name !== 'total' && typeof n === 'number' && n > 0)
      .map(([name, n]) => `${PARTS[name] ?? name} ${bytes(n as number)}`)
      .join(', ');
  out.say(`flash: ${parts(p.flash)}`);
  const peak = p.peakLayer === null ? '' : `; most of it is in use while "${shortName(p.peakLayer)}" runs${heldText(p)}`;
  out.say(`RAM: ${parts(p.ram)}${peak}`);
  out.say(`arena: ${bytes(p.ram.arena)}, ${p.ram.optimal ? 'the least that is possible' : 'the best plan that was found'}`);
  if (p.measured) {
    const { cycles, examples, modelled, times } = p.measured;
    out.say(
      `cycles are those measured on ${p.target}: ${count(cycles)} in the median of ${examples} examples, ${times.toFixed(2)} times the ${count(modelled)} of the model`,
    );
  }
  for (const { flags, profile: other } of beside) {
    out.say(
      `with ${flags}: flash ${bytes(other.flashBytes)}, RAM ${bytes(other.ramBytes)}, latency ${milliseconds(other.latencyMs)}`,
    );
  }
  for (const { runtime, times, low, high, count: n, leftOut } of p.levels) {
    const off = leftOut === null ? '' : `, ${percent(leftOut)} off in the mean for a network by the level of the others`;
    out.say(
      `published figures of ${runtime} on ${p.core} are ${times} (${low} to ${high}) times what is modelled for cmsis-nn; ${n} of them${off}`,
    );
  }
  out.say('how far off figures are on data that the models have not seen:');
  for (const [what, error] of Object.entries(p.heldOutError)) out.say(`  ${what.padEnd(13)} ${errorText(error)}`);
}

/** Of the most bytes in use, as a line of up to 16 marks. */
const bar = (bytes: number, most: number): string => '#'.repeat(Math.round((16 * bytes) / most)).padEnd(16);

/** What lies in the arena at the peak, the largest first. */
function heldText({ layers, peakLayer, ram }: Profile): string {
  const at = layers.findIndex((l) => l.name === peakLayer);
  const held = ram.blocks.filter((b) => b.first <= at && b.last >= at).sort((a, b) => b.bytes - a.bytes);
  const shown = held.slice(0, SHOWN).map((b) => `${shortName(b.name)} ${bytes(b.bytes)}`);
  return held.length ? `, with ${namesText([...shown, ...held.slice(SHOWN).map((b) => shortName(b.name))])} in the arena` : '';
}

const PARTS: Readonly<Record<string, string>> = { io: 'inputs and outputs', runtime: 'of the runtime', frontEnd: 'front end' };

function errorText({ mean, median, p90, count: n, condition }: Profile['heldOutError']['latency']): string {
  if (median === null || p90 === null) return `not known: ${condition}`;
  if (p90 === 0) return `none: ${condition}`;
  if (n === 1) return `${percent(median)} on the only one there is (${condition})`;
  const inMean = mean === undefined ? '' : `${percent(mean)} in the mean, `;
  return `${inMean}${percent(median)} in the median, ${percent(p90)} at the 90th percentile of ${n} (${condition})`;
}

function showAll(out: Output, all: readonly Profile[]): void {
  const rows = all.map((p) => [
    p.target,
    `${p.core.replace('cortex-', '')}, ${p.clockMhz} MHz`,
    `${kibibytes(p.flashBytes)}${p.fits.flash ? '' : ' too big'}`,
    `${kibibytes(p.ramBytes)}${p.fits.ram ? '' : ' too big'}`,
    `${digits(p.latencyMs)} ms`,
    p.energyUj === null ? '-' : `${digits(p.energyUj)} µJ`,
  ]);
  const head = ['target', 'core', 'flash', 'RAM', 'latency', 'energy'];
  out.print(table(head, rows, 2, { cut: ['target', 12], drop: ['core', 'energy'] }));
}
