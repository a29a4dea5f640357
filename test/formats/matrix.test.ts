/** What docs/operators.md says is true: each of its lines is one that its script writes. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { operatorMatrix } from '../../scripts/operator_matrix.ts';

test('docs/operators.md is as its script writes it', () => {
  const page = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8').split('\n');
  const now = operatorMatrix().split('\n');
  const isRow = (line: string) => line.startsWith('| `');
  assert.ok(page.filter(isRow).length > 40);
  for (const line of page.filter(isRow))
    assert.ok(now.includes(line), `no longer so: ${line} (node --import tsx scripts/operator_matrix.ts)`);
  const absent = now.filter((line) => isRow(line) && !page.includes(line));
  if (absent.length)
    console.log(`docs/operators.md lacks ${absent.length} operators: node --import tsx scripts/operator_matrix.ts`);
});

test.run();
