import { test } from 'uvu';

/** Tests that cannot run here: they count as a skipped one, and the reason is printed, since uvu prints none. */
export function skipped(why: string): void {
  console.log(`skipped: ${why}`);
  test.skip(why, () => {});
}

/** A test that needs something of the machine. */
export const testWhere =
  (isThere: boolean, missing: string) =>
  (name: string, run: () => void | Promise<void>): void =>
    isThere ? test(name, run) : skipped(`${name}: ${missing}`);
