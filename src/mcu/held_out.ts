import { variantOf } from '../c/parts.ts';
import type { Target } from '../targets/index.ts';
import type { Runtime } from '../targets/runtime.ts';
import { ENERGY_ERROR, POWER_ERROR } from './cycle_data.ts';
import { cycleModel } from './cycle_model.ts';
import type { LatencyError } from './cycles.ts';
import { LEAST_TOLD } from './generated_code.ts';
import { GENERATED_CODE, GENERATED_ERROR } from './generated_data.ts';
import { INSTRUCTION_ERROR } from './instruction_data.ts';
import { countedCore } from './instructions.ts';
import { guessError, vendorError } from './power.ts';
import type { HeldOut, HeldOutErrors } from './profile.ts';

/** Of some only these are known. */
type Found = Omit<LatencyError, 'mean'> & { readonly mean?: number };

const told = (error: Found | null, condition: string): HeldOut | null => error && { ...error, condition };

const notKnown = (condition: string): HeldOut => ({ median: null, p90: null, count: 0, condition });

/** @param isOwn whether the figures are those of the C that Thumbnet writes */
export function heldOutErrors(chip: Target, runtime: Runtime, isOwn: boolean): HeldOutErrors {
  const variant = variantOf(chip.core);
  const [instructions, condition] = isOwn
    ? [GENERATED_ERROR[variant].leftOut, `layers of at least ${LEAST_TOLD} instructions`]
    : [INSTRUCTION_ERROR[countedCore(chip.core)], 'layers'];
  return {
    instructions: { ...figuresOf(instructions), condition },
    latency: latencyError(chip, runtime),
    energy: energyError(chip, runtime),
    ...(isOwn ? generatedErrors(variant) : runtime === 'tflm' ? INTERPRETER_ERRORS : libraryErrors(chip)),
  };
}

const figuresOf = ({ mean, median, p90, count }: LatencyError) => ({ mean, median, p90, count });

type MemoryErrors = Pick<HeldOutErrors, 'flash' | 'ram'>;

function generatedErrors(variant: keyof typeof GENERATED_CODE): MemoryErrors {
  const { heldOut } = GENERATED_CODE[variant];
  const planned = 'memory is planned by the generator itself; the stack is the most that was seen';
  return {
    flash: { ...heldOut, condition: 'code of networks; constants are exact' },
    ram: { median: 0, p90: 0, count: heldOut.count, condition: planned },
  };
}

/**
 * Code of CMSIS-NN in five networks, as GCC -O2 links it, beside the sum of its functions that is given here
 * (code_opponents.csv; test/mcu/held_out.test.ts).
 */
const LIBRARY_CODE: Readonly<Record<string, Found>> = {
  'cortex-m0': { median: 0.071, p90: 0.243, count: 5 },
  'cortex-m3': { median: 0.026, p90: 0.033, count: 5 },
  'cortex-m4': { median: 0.023, p90: 0.027, count: 5 },
  'cortex-m7': { median: 0.023, p90: 0.026, count: 5 },
  'cortex-m33': { median: 0.02, p90: 0.023, count: 5 },
  'cortex-m55': { median: 0.279, p90: 0.412, count: 5 },
};

/**
 * RAM of seven networks whose C calls CMSIS-NN 99f736a (-O2), each linked and run on an emulated core: arena, state, inputs and outputs are as the generator
 * plans them, so that only the stack differs, of which 390 to 940 bytes were painted where 1024 are given. The least network errs the most
 * (bench/c_cmsis_nn.bench.ts prints stacks).
 */
const LIBRARY_RAM: Readonly<Record<string, Found>> = {
  'cortex-m0': { median: 0.029, p90: 0.293, count: 7 },
  'cortex-m3': { median: 0.032, p90: 0.328, count: 7 },
  'cortex-m4': { median: 0.024, p90: 0.314, count: 7 },
  'cortex-m7': { median: 0.026, p90: 0.314, count: 7 },
  'cortex-m33': { median: 0.025, p90: 0.301, count: 7 },
  'cortex-m55': { median: 0.019, p90: 0.108, count: 7 },
};

const libraryErrors = ({ core }: Target): MemoryErrors => ({
  flash:
    told(LIBRARY_CODE[countedCore(core)] ?? null, 'code of CMSIS-NN in networks, linked with -O2; constants are exact') ??
    notKnown(`no code of CMSIS-NN for a ${core} was linked`),
  ram:
    told(LIBRARY_RAM[countedCore(core)] ?? null, 'C that calls CMSIS-NN, run on the emulated core; all but the stack is exact') ??
    notKnown(`no C that calls CMSIS-NN was run on a ${core}; all but the stack is exact`),
});

/** One network each: there are no others whose model is at hand. */
const INTERPRETER_ERRORS: MemoryErrors = {
  flash: {
    median: 0.353,
    p90: 0.353,
    count: 1,
    condition: 'code of micro_speech on a Cortex-M3, by its authors; the file is exact',
  },
  ram: {
    median: 0.057,
    p90: 0.057,
    count: 1,
    condition: 'arena of DS-CNN on a Cortex-M55; what stays in it was fitted on person_detect, the stack is a guess',
  },
};

function latencyError({ core }: Target, runtime: Runtime): HeldOut {
  const { heldOut, condition } = cycleModel(core, runtime);
  return told(heldOut, condition) ?? notKnown(`no latency on a ${core} is published`);
}

function energyError(chip: Target, runtime: Runtime): HeldOut {
  if (chip.power === 'measured' && runtime !== 'thumbnet') {
    const condition = 'energy of stacks with CMSIS-NN on measured chips, the network left out of the fits of latency and power';
    return { ...ENERGY_ERROR, condition };
  }
  const power = powerError(chip);
  const latency = latencyError(chip, runtime);
  if (power.median === null || latency.median === null) return power.median === null ? power : latency;
  const both = (a: number | null, b: number | null) => (1 + (a ?? 0)) * (1 + (b ?? 0)) - 1;
  return {
    median: both(latency.median, power.median),
    p90: both(latency.p90, power.p90),
    count: power.count,
    condition: `the error of the latency, and on top of it that of ${power.condition}`,
  };
}

/** Energy is latency times power. */
function powerError(chip: Target): HeldOut {
  if (chip.power === 'measured')
    return { ...POWER_ERROR, condition: 'power of runs on measured chips beside the median of the chip' };
  if (chip.power === 'vendor')
    return { ...vendorError(), condition: "power by the vendor's current, of chips that were measured too" };
  if (chip.power === 'board')
    return notKnown(`the current of ${chip.name} is that of a whole board, which takes more than the chip`);
  return (
    told(guessError(chip), `power of chips with a ${chip.core}, by the median of the others`) ??
    notKnown(`fewer than three chips with a ${chip.core} have a known current`)
  );
}
