import { variantOf } from '../c/parts.ts';
import type { Target } from '../targets/index.ts';
import type { Runtime } from '../targets/runtime.ts';
import { CYCLES, POWER_ERROR } from './cycle_data.ts';
import type { LatencyError } from './cycles.ts';
import { GENERATED_CODE, GENERATED_ERROR } from './generated_data.ts';
import { INSTRUCTION_ERROR } from './instruction_data.ts';
import { countedCore } from './instructions.ts';
import { guessError } from './power.ts';
import type { HeldOut, HeldOutErrors } from './profile.ts';

/** Fewer networks of a runtime tell nothing of it. */
const LEAST = 5;

const told = (error: LatencyError | null, condition: string): HeldOut | null => error && { ...error, condition };

/** @param isOwn whether the figures are those of the C that Thumbnet writes */
export function heldOutErrors(chip: Target, runtime: Runtime, isOwn: boolean): HeldOutErrors {
  const variant = variantOf(chip.core);
  const { median, p90, count } = isOwn ? GENERATED_ERROR[variant] : INSTRUCTION_ERROR[countedCore(chip.core)];
  return {
    instructions: { median, p90, count, condition: 'layers' },
    latency: latencyError(chip, runtime),
    energy: energyError(chip),
    flash: isOwn ? told(GENERATED_CODE[variant].heldOut, 'code of networks; constants are exact') : null,
    ram: isOwn
      ? {
          median: 0,
          p90: 0,
          count: GENERATED_CODE[variant].heldOut.count,
          condition: 'memory is planned by the generator itself; the stack is the most that was seen',
        }
      : null,
  };
}

function latencyError({ core }: Target, runtime: Runtime): HeldOut | null {
  const { known, unknown, cmsisNn } = CYCLES[core].heldOut;
  const unseen = 'published networks, chip and network left out of the fit';
  if (runtime !== 'thumbnet' && cmsisNn && cmsisNn.count >= LEAST) return told(cmsisNn, `${unseen}, of CMSIS-NN`);
  return (
    told(unknown, `${unseen}, of all runtimes taken for this one`) ?? told(known, `${unseen}, the level of their runtimes known`)
  );
}

function energyError(chip: Target): HeldOut | null {
  if (chip.power === 'measured') return told(POWER_ERROR, 'power of runs on measured chips beside the median of the chip');
  if (chip.power === 'none') return told(guessError(chip), `power of chips with a ${chip.core}, by the median of the others`);
  return null;
}
