import './currencies.ts';

export {
  type CoreName,
  findTarget,
  nearestTargets,
  type OwnTarget,
  parseBytes,
  parseMegahertz,
  registerTarget,
  SOURCES,
  TARGETS,
  type Target,
} from '../targets/index.ts';
export { RUNTIMES, type Runtime } from '../targets/runtime.ts';
export type { Assumed } from './graph_cost.ts';
export { checkMeasured, type Measured, parseMeasured } from './measured.ts';
export { type Correction, type HeldOut, type LayerProfile, type Profile, type ProfileOptions, profile } from './profile.ts';
export { type Quirk, type QuirkId, quirksOf } from './quirks.ts';
