import type { CoreName } from '../targets/index.ts';
import type { Runtime } from '../targets/runtime.ts';
import { CYCLES } from './cycle_data.ts';
import { type CycleModel, type LatencyError, layerCycles } from './cycles.ts';

/** Cycles that TFLite Micro spends around each node (hello_world networks on four chips, other.csv). */
const INTERPRETER_CYCLES = 700;

/** Fewer networks of a runtime tell nothing of it. */
const LEAST = 2;

const UNSEEN = 'published networks, chip and network left out of the fit';

/** The cycles of a runtime's code on a core, and how far off they are. */
export function cycleModel(core: CoreName, runtime: Runtime): CycleModel {
  const cycles = CYCLES[core];
  const overhead = runtime === 'tflm' ? INTERPRETER_CYCLES : 0;
  const { known, unknown, cmsisNn } = cycles.heldOut;
  const told = (heldOut: LatencyError | null, condition: string) => ({
    cyclesOf: (...[work, chip, clockMhz]: Parameters<CycleModel['cyclesOf']>) =>
      layerCycles(cycles, work, chip, clockMhz) + overhead,
    heldOut,
    condition,
  });
  if (runtime !== 'thumbnet' && cmsisNn && cmsisNn.count >= LEAST) {
    return told(cmsisNn, 'published networks of stacks with CMSIS-NN, the network left out of the fit on every chip');
  }
  if (unknown) return told(unknown, `${UNSEEN}, of all runtimes taken for this one`);
  return told(known, `${UNSEEN}, the level of their runtimes known`);
}
