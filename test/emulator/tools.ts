import { missingPrograms } from '../../src/emulator/toolchain.ts';
import type { CoreName, Target } from '../../src/targets/index.ts';
import { findTarget } from '../../src/targets/index.ts';

/** Whether programs for emulated cores can be built and run here; CI installs what it takes. */
export const hasTools = missingPrograms().length === 0;

export const CORES: readonly CoreName[] = ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m7', 'cortex-m33', 'cortex-m55'];

if (!hasTools) console.log(`${missingPrograms().join(', ')}: absent, tests on emulated cores are skipped`);

type Tests = (name: string, run: () => void | Promise<void>) => void;

/** A test on emulated cores: where a program is absent it counts as skipped. */
export const withTools = (test: Tests & { readonly skip: Tests }, isThere = hasTools): Tests => (isThere ? test : test.skip);

/** A chip of any size with a core. */
export const chipOf = (core: CoreName): Target => ({
  ...findTarget('stm32f446re'),
  name: core,
  core,
  flashBytes: 2 ** 24,
  ramBytes: 2 ** 24,
});
