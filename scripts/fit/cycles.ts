import { join } from 'node:path';
import type { Level } from '../../src/mcu/cycles.ts';
import type { CoreName } from '../../src/targets/index.ts';
import { quantile, type Row, readCsv } from './instructions.ts';
import { cifarPooled, cifarStrided, fromFile, mobilenetV1, type Network, oneConvolution } from './networks.ts';

/** One published latency of a network that can be counted. */
export interface Measurement {
  readonly core: string;
  /** The core whose instruction counts hold: plain C on a core with SIMD runs what an M3 runs. */
  readonly counted: string;
  readonly mcu: string;
  readonly stack: string;
  readonly model: string;
  readonly cycles: number;
  /** What the costs of the classes say. */
  readonly units: number;
  readonly weightBytes: number;
  /** Energy where it was measured too, in microjoule, the clock, and the power of the other runs of its chip in milliwatt for each MHz. */
  readonly energy?: { readonly microjoule: number; readonly clockMhz: number; readonly otherPower: number } | undefined;
}

/** Stacks with CMSIS-NN, of any age. */
export const isCmsisStack = ({ stack }: { readonly stack: string }): boolean => /CMSIS-NN|^helia|^ExecuTorch/.test(stack);

/** Runtimes that call CMSIS-NN of the last years: their level is 1 by definition. Older and other ones get a factor of their own. */
const LEVEL_ONE = /^(ONNC\+CMSIS-NN|heliaRT|heliaAOT|ExecuTorch \+ arm CMSIS-NN|TFLM\+CMSIS-NN 2024|TFLM\+CMSIS-NN 2021-09)/;

/** A runtime may be good at one kind of network: its level is taken for each kind. */
const kindOf = (model: string) => (model === 'ad' ? 'dense' : /^(ic|cifar|convolution)/.test(model) ? 'plain' : 'separable');

const COUNTED: Record<string, string> = {
  M0: 'cortex-m0',
  'M0+': 'cortex-m0',
  M3: 'cortex-m3',
  M4: 'cortex-m4',
  M7: 'cortex-m7',
  M33: 'cortex-m33',
  M55: 'cortex-m55',
  M85: 'cortex-m55',
};

export function measurements(measured: string, models: string): Measurement[] {
  const network: Record<string, Network> = {
    ic: fromFile(models, 'pretrainedResnet_quant'),
    kws: fromFile(models, 'kws_ref_model'),
    vww: fromFile(models, 'vww_96_int8'),
    ad: fromFile(models, 'ad01_int8'),
    person: mobilenetV1(0.25, 96, 1, 2),
    mobilenet96: mobilenetV1(0.25, 96, 3, 5),
    mobilenet96gray: mobilenetV1(0.25, 96, 1, 5),
    mobilenet96k: mobilenetV1(0.25, 96, 3, 1000),
    mobilenet128k: mobilenetV1(0.25, 128, 3, 1000),
    mobilenet224: mobilenetV1(0.25, 224, 3, 5),
    mobilenet224half: mobilenetV1(0.5, 224, 3, 5),
    cifarStrided: cifarStrided(),
    cifarPooled: cifarPooled(),
    convolution: oneConvolution(),
  };
  const found: Measurement[] = [];
  const add: Add = (core, mcu, stack, model, cycles, { plain = false, energy } = {}) => {
    const counted = plain && core !== 'M0' && core !== 'M0+' ? 'cortex-m3' : COUNTED[core];
    const n = network[model];
    found.push({
      core,
      counted,
      mcu,
      // Those with CMSIS-NN have the same kernels for every kind of network, and one level.
      stack: isCmsisStack({ stack }) ? stack : `${stack} / ${kindOf(model)}`,
      energy,
      model,
      cycles,
      units: n.units(counted, `cortex-${core.toLowerCase()}` as CoreName),
      weightBytes: n.weightBytes,
    });
  };
  const mlperf = readCsv(join(measured, 'mlperf_tiny.csv'));
  for (const r of mlperf) addMlperf(r, mlperf, add);
  for (const r of readCsv(join(measured, 'stm32_model_zoo.csv'))) addZoo(r, add);
  for (const r of readCsv(join(measured, 'other.csv'))) addOther(r, add);
  return found;
}

interface More {
  /** Without SIMD, whatever the core has. */
  readonly plain?: boolean;
  readonly energy?: Measurement['energy'];
}
type Add = (core: string, mcu: string, stack: string, model: string, cycles: number, more?: More) => void;

function addMlperf(r: Row, all: readonly Row[], add: Add) {
  if (r.division !== 'closed' || r.accelerator || !/^(ic|kws|vww|ad)$/.test(r.task) || !r.cycles) return;
  if (/removed/.test(r.vww_dead_channels) || /^(min_ram|max_perf)/.test(r.variant)) return;
  if (r.stack === 'Bosch HALE' && r.stack_version === '1.0.175' && Number(r.cycles_per_executed_mac) > 2.7 && r.core === 'M7')
    return; // its small-memory settings
  const each = (row: Row) => Number(row.power_mw) / Number(row.clock_mhz);
  const others = all.filter(
    (o) =>
      o.power_mw && !o.accelerator && o.mcu === r.mcu && o.supply_v === r.supply_v && o.task !== r.task && Number(o.clock_mhz),
  );
  const energy =
    r.energy_uj && others.length
      ? { microjoule: Number(r.energy_uj), clockMhz: Number(r.clock_mhz), otherPower: quantile(others.map(each), 0.5) }
      : undefined;
  add(r.core, r.mcu.replace('ZIT6P', 'ZI'), `${r.stack} ${r.stack_version}`, r.task, Number(r.cycles), { energy });
}

function addZoo(r: Row, add: Add) {
  if (r.dtype !== 'int8' || !r.macs) return;
  const model = /^ResNet v1 8/.test(r.model)
    ? 'ic'
    : Object.entries({
        7490432: 'mobilenet96',
        7158656: 'mobilenet96gray',
        40775552: 'mobilenet224',
        148987648: 'mobilenet224half',
      }).find(([m]) => m === r.macs)?.[1];
  if (model) add(r.core, r.mcu, `X-CUBE-AI ${r.stack_version}`, model, Number(r.latency_ms) * 1000 * Number(r.clock_mhz));
}

function addOther(r: Row, add: Add) {
  if (/DOUBTFUL|OUTLIER|unconfirmed/.test(r.notes) || !r.cycles) return;
  const stack = `${r.stack} ${r.stack_version}`.trim();
  const cycles = Number(r.cycles);
  if (/TinyMaix/.test(r.stack)) {
    const plain = /CPU/.test(r.stack_version);
    const model = /cifar10/.test(r.model)
      ? 'cifarStrided'
      : /0.25-96 VWW/.test(r.model)
        ? 'mobilenet96'
        : /0.25-96 1000/.test(r.model)
          ? 'mobilenet96k'
          : /0.25-128/.test(r.model)
            ? 'mobilenet128k'
            : null;
    // MM32F3270's larger networks lie in slow memory; AT32F403A runs from flash without wait states, as no part of the table does
    const slow = (/MM32F3270/.test(r.mcu) && model !== 'cifarStrided') || /AT32F403A/.test(r.mcu);
    if (model && !slow) add(r.core, r.mcu, stack, model, cycles, { plain });
  } else if (/SmallCifar/.test(r.model) && r.stack !== 'TFLM') add(r.core, r.mcu, stack, 'cifarPooled', cycles);
  else if (/person_detect/.test(r.model) && /^TFLM\+CMSIS/.test(r.stack) && r.op === 'MODEL')
    add(r.core, r.mcu, stack, 'person', cycles);
  else if (/DS-CNN/.test(r.model) && r.op === 'MODEL' && r.core === 'M55') add(r.core, r.mcu, stack, 'kws', cycles);
  else if (/ExecuTorch \+ arm/.test(r.stack) && r.op === 'CONV') add(r.core, r.mcu, stack, 'convolution', cycles);
}

/** What is fitted. */
export interface FittedCycles {
  /** Times what the costs of the classes say. */
  readonly scale: Record<string, number>;
  /** Cycles for each byte of weights that must come from flash once an inference. */
  readonly fetch: Record<string, number>;
  /** A runtime's cycles beside those of stacks whose level is 1. */
  readonly stack: Record<string, number>;
}

const START_FETCH: Record<string, number> = { M4: 1, M33: 0.8, M7: 0.5, M55: 0.3, M85: 0.3 };

/**
 * Log-additive fit with absolute errors damped like Huber's: cycles = stack * (scale[core] * units + fetch[core] * weights).
 * Each parameter in turn is set to the weighted mean of what would make its rows exact, until nothing moves.
 */
export function fitCycles(rows: readonly Measurement[]): FittedCycles {
  const cores = [...new Set(rows.map((r) => r.core))];
  const stacks = [...new Set(rows.map((r) => r.stack))];
  const scale: Record<string, number> = Object.fromEntries(cores.map((c) => [c, 1.2]));
  const fetch: Record<string, number> = Object.fromEntries(cores.map((c) => [c, START_FETCH[c] ?? 0.5]));
  const stack: Record<string, number> = Object.fromEntries(stacks.map((s) => [s, 1]));
  const model = { scale, fetch, stack };
  const residual = (r: Measurement) => Math.log(r.cycles / predictCycles(model, r));
  const weight = (r: Measurement) => 1 / Math.max(0.05, Math.abs(residual(r)));
  for (let round = 0; round < 300; round++) {
    for (const s of stacks) {
      if (LEVEL_ONE.test(s)) continue;
      const of = rows.filter((r) => r.stack === s);
      stack[s] *= Math.exp(mean(of, residual, weight, 0.02));
    }
    for (const c of cores) {
      const of = rows.filter((r) => r.core === c);
      const compute = of.filter((r) => r.model !== 'ad');
      scale[c] *= Math.exp(mean(compute, residual, weight, 0));
      const streamed = of.filter((r) => r.model === 'ad');
      if (!streamed.length) continue;
      const share = (r: Measurement) => (r.cycles / stack[r.stack] - scale[c] * r.units) / r.weightBytes;
      fetch[c] = Math.max(0.05, quantile(streamed.map(share), 0.5));
    }
  }
  return model;
}

function mean(
  rows: readonly Measurement[],
  value: (r: Measurement) => number,
  weight: (r: Measurement) => number,
  ridge: number,
): number {
  const total = rows.reduce((n, r) => n + weight(r), 0);
  return total ? (0.7 * rows.reduce((n, r) => n + weight(r) * value(r), 0)) / (total * (1 + ridge)) : 0;
}

export const predictCycles = ({ scale, fetch, stack }: FittedCycles, r: Measurement) =>
  (stack[r.stack] ?? 1) * (scale[r.core] * r.units + fetch[r.core] * r.weightBytes);

export interface CycleError {
  readonly core: string;
  readonly mcu: string;
  readonly model: string;
  readonly stack: string;
  readonly error: number;
}

/** Cores of which one chip was measured are predicted by the cycles for each instruction of the core that is built most like them. */
const LIKE: Record<string, string> = { M55: 'M85', M85: 'M55', M3: 'M4', M0: 'M0+' };

/**
 * Each network on each chip, predicted by a fit that has seen neither the chip nor the network.
 *
 * @param level whether the level of the runtime is taken from other chips and networks; rows without one are left out. Else it is 1.
 */
export function crossValidate(rows: readonly Measurement[], level: 'known' | 'unknown'): CycleError[] {
  const group = (r: Measurement) => `${r.mcu} ${r.model}`;
  return [...new Set(rows.map(group))].flatMap((g) => {
    const left = rows.filter((r) => group(r) === g);
    const kept = rows.filter((r) => r.mcu !== left[0].mcu && r.model !== left[0].model);
    const model = fitCycles(kept);
    const core = model.scale[left[0].core] === undefined ? LIKE[left[0].core] : left[0].core;
    if (model.scale[core] === undefined) return [];
    const stack = level === 'known' ? model.stack : {};
    return left
      .filter((r) => level === 'unknown' || LEVEL_ONE.test(r.stack) || model.stack[r.stack] !== undefined)
      .map((r) => ({
        core: r.core,
        mcu: r.mcu,
        model: r.model,
        stack: r.stack,
        error: predictCycles({ ...model, stack }, { ...r, core }) / r.cycles - 1,
      }));
  });
}

/** Each network of stacks with CMSIS-NN, by a fit that has not seen the network on any chip; cores that are then unknown are left out. */
export function withoutNetwork(rows: readonly Measurement[]): (CycleError & { readonly energy: number | null })[] {
  const names = [...new Set(rows.filter(isCmsisStack).map((r) => r.model))];
  return names.flatMap((name) => {
    const model = fitCycles(rows.filter((r) => r.model !== name));
    return rows
      .filter((r) => r.model === name && isCmsisStack(r) && model.scale[r.core] !== undefined)
      .filter((r) => LEVEL_ONE.test(r.stack) || model.stack[r.stack] !== undefined)
      .map((r) => {
        const cycles = predictCycles(model, r);
        const { energy } = r;
        const microjoule = energy ? (cycles / energy.clockMhz / 1000) * energy.otherPower * energy.clockMhz : 0;
        return {
          core: r.core,
          mcu: r.mcu,
          model: r.model,
          stack: r.stack,
          error: cycles / r.cycles - 1,
          energy: energy ? microjoule / energy.microjoule - 1 : null,
        };
      });
  });
}

/** Runtimes by what people call them. */
const RUNTIME_OF: readonly (readonly [RegExp, string])[] = [
  [/^X-CUBE-AI/, 'X-CUBE-AI'],
  [/^TFLM\+CMSIS-NN TF 2\.3/, 'TFLM of 2020'],
  [/^(TFLM\+CMSIS-NN 20|heliaRT)/, 'TFLM with CMSIS-NN'],
  [/^(ONNC|heliaAOT|ExecuTorch|microTVM\+CMSIS-NN|CMSIS-NN)/, 'CMSIS-NN'],
  [/^Plumerai/, 'Plumerai'],
  [/^Bosch HALE/, 'Bosch HALE'],
  [/^TinyMaix O1 SIMD/, 'TinyMaix O1 SIMD'],
  [/^TinyMaix O1 CPU/, 'TinyMaix O1'],
];

/** A level on a core. */
export type LevelOn = Level & { readonly core: string };

const LEAST = 3;

/** How runtimes stand to the model on a core, where enough networks were measured. */
export function levelsOf(rows: readonly Measurement[], model: FittedCycles): LevelOn[] {
  return Object.keys(model.scale).flatMap((core) =>
    RUNTIME_OF.flatMap(([pattern, runtime]) => {
      const of = rows.filter((r) => r.core === core && pattern.test(r.stack));
      if (of.length < LEAST) return [];
      const found = of.map((r) => r.cycles / predictCycles({ ...model, stack: {} }, r));
      const errors = of.flatMap((r, i) => {
        const others = found.filter((_, k) => of[k].model !== r.model);
        return others.length < 2 ? [] : [Math.abs(quantile(others, 0.5) / found[i] - 1)];
      });
      const leftOut = errors.length ? errors.reduce((a, b) => a + b, 0) / errors.length : null;
      const [times, low, high] = [0.5, 0.1, 0.9].map((q) => quantile(found, q));
      return [{ core, runtime, times, low, high, count: of.length, leftOut }];
    }),
  );
}
