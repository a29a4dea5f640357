/** Counts checks as uvu does, and goes on after one that fails. */
let total = 0;
let passed = 0;
const started = Date.now();

/** @param work gives a line to print behind the name, or throws */
export async function check(name: string, work: () => Promise<string | undefined> | string | undefined): Promise<void> {
  total++;
  try {
    const note = await work();
    passed++;
    console.log(`  ok    ${name}${note ? `: ${note}` : ''}`);
  } catch (e) {
    console.log(`  FAIL  ${name}: ${(e as Error).message}`);
  }
}

export function end(): never {
  console.log(`\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   0\n  Duration:  ${Date.now() - started}ms\n`);
  process.exit(total === passed ? 0 : 1);
}
