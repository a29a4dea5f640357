import type { CoreName } from '../targets/index.ts';
import type { Runtime } from '../targets/runtime.ts';
import { CYCLES } from './cycle_data.ts';
import { type CycleModel, type LatencyError, layerCycles } from './cycles.ts';

/** Cycles that TFLite Micro spends around each node (hello_world networks on four chips, other.csv). */
const INTERPRETER_CYCLES = 700;

/** Fewer networks of a runtime tell nothing of it. */
const LEAST = 2;

const UNSEEN = 'published networks, chip and network left out of the fit';

/** Of fewer chips nothing can be told of another one. */
const CHIPS = 3;

/** The error of the core that errs most, of those with chips enough, each left out of the fit with the network. */
function widest(level: 'known' | 'unknown'): { core: string; error: LatencyError } {
  const all = Object.entries(CYCLES).flatMap(([core, { chips, heldOut }]) => {
    const error = heldOut[level];
    return chips >= CHIPS && error ? [{ core, error }] : [];
  });
  return all.reduce((a, b) => (b.error.p90 > a.error.p90 ? b : a));
}

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
  const byCmsisNn = runtime !== 'thumbnet' && cmsisNn !== null && cmsisNn.count >= LEAST;
  if (cycles.chips === 1) {
    const level = byCmsisNn ? 'known' : 'unknown';
    const { core: other, error } = widest(level);
    const own = cycles.heldOut[level];
    const levels = byCmsisNn ? 'the level of their runtimes known' : 'of all runtimes taken for this one';
    if (error.p90 > (own?.p90 ?? 0))
      return told(error, `on a ${other}, ${UNSEEN}, ${levels}: of ${core} one chip was measured, which tells too little`);
  }
  if (byCmsisNn) {
    return told(cmsisNn, 'published networks of stacks with CMSIS-NN, the network left out of the fit on every chip');
  }
  if (unknown) return told(unknown, `${UNSEEN}, of all runtimes taken for this one`);
  return told(known, `${UNSEEN}, the level of their runtimes known`);
}
