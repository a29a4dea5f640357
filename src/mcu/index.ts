export {
  type HeldOut,
  type LayerProfile,
  type Profile,
  type ProfileOptions,
  profile,
  RUNTIMES,
  type Runtime,
} from './profile.ts';
export { type CoreName, findTarget, nearestTargets, TARGETS, type Target } from './targets.ts';
