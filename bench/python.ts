import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Debian's interpreter, whose packages the peers are. */
const PYTHON = '/usr/bin/python3';

/** A script of bench/peers in a process of its own, one thread. It writes one line of JSON at its start and one for each line that it reads. */
export interface Peer<First, Answer> {
  readonly first: First;
  ask(question: unknown): Promise<Answer>;
  stop(): void;
}

/** @throws Error where the script ends, for want of the Debian packages that it `needs` most of all */
export async function startPython<First, Answer>(
  script: string,
  args: readonly string[],
  needs: string,
): Promise<Peer<First, Answer>> {
  const child: ChildProcess = spawn(PYTHON, [fileURLToPath(new URL(`peers/${script}`, import.meta.url)), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}: apt-get install ${needs}`)));
  });
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse(String((await Promise.race([lines.next(), failed])).value));
  return {
    first: await answer(),
    ask(question) {
      child.stdin!.write(`${JSON.stringify(question)}\n`);
      return answer();
    },
    stop: () => child.kill(),
  };
}
