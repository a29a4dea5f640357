// Two runs of tests at once, since most of their time is waiting. Each ends with totals as uvu prints them.
//   node --import tsx test/database/run.ts
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FIRST = '^(hosts|idle|kills|storage)';

async function run(pattern: string, ...more: string[]): Promise<number> {
  const args = ['--import', 'tsx', 'node_modules/uvu/bin.js', 'test/database', pattern, ...more];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => said.push(text));
  const [code] = await once(child, 'close');
  process.stdout.write(Buffer.concat(said));
  return code ?? 1;
}

const codes = await Promise.all([run(`${FIRST}\\.test\\.ts$`), run('\\.test\\.ts$', '-i', FIRST)]);
process.exitCode = Math.max(...codes);
