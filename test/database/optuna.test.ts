/** Debian's Optuna 3.1 and ours on one database: it reads what we wrote, we go on with what it began. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EvolutionSampler, RandomSampler, TpeSampler } from '../../src/search/index.ts';
import { openStudy } from '../../src/study/index.ts';
import { isRefused, step } from '../study/contract.ts';
import { space } from '../study/space.ts';
import { run, server } from './server.ts';

const s = await server();

/** Debian's own Python, whatever else is installed. @param database as `url` */
function optuna(database: string, code: string): string {
  const url = s.url(database);
  const head = `import json, optuna\noptuna.logging.set_verbosity(optuna.logging.ERROR)\nurl = ${JSON.stringify(url)}\n`;
  return run('/usr/bin/python3', ['-W', 'ignore', '-c', head + code]).trim();
}

/** Databases that Optuna made, by the code that did. */
const templates = new Map<string, string>();

/** A database with Optuna's own tables, made by Optuna. */
function made(code = 'optuna.storages.RDBStorage(url)'): string {
  const template = templates.get(code) ?? s.database();
  if (!templates.has(code)) optuna(template, code);
  templates.set(code, template);
  return s.database(template);
}

const SHOW = `
study = optuna.load_study(study_name="s", storage=url)
def plain(x):
    return repr(x) if isinstance(x, float) and x != x or x in (float("inf"), float("-inf")) else x
print(json.dumps({
    "directions": [d.name for d in study.directions],
    "attrs": study.user_attrs, "system": study.system_attrs,
    "trials": [{
        "number": t.number, "state": t.state.name, "params": t.params,
        "values": None if t.values is None else [plain(v) for v in t.values],
        "reports": {str(k): plain(v) for k, v in t.intermediate_values.items()},
        "user": t.user_attrs, "constraints": t.system_attrs.get("constraints"), "fixed": t.system_attrs.get("fixed_params"),
        "distributions": sorted(str(d) for d in t.distributions.values()),
        "seconds": None if t.duration is None else t.duration.total_seconds(),
        "start": None if t.datetime_start is None else t.datetime_start.isoformat(),
    } for t in study.trials],
}))`;

test('Optuna reads a study of ours: values, parameters, intermediate values, attributes, constraints, states', async () => {
  const database = made();
  const study = await openStudy({
    storage: s.storage(database),
    name: 's',
    metricNames: ['loss'],
    settings: { target: 'm4' },
    seed: 2,
  });
  await study.enqueue({ x: 0.25, kind: 'b' });
  for (let i = 0; i < 12; i++) await step(study);
  const running = (await study.ask(space))!;
  await running.report(Number.NaN, 3);
  await running.report(Number.NEGATIVE_INFINITY, 4);
  await study.enqueue({ width: 16 });
  await study.refresh();
  const found = JSON.parse(optuna(database, SHOW));
  assert.equal(found.directions, ['MINIMIZE']);
  assert.equal(found.system['study:metric_names'], ['loss']);
  assert.equal(found.attrs['thumbnet:settings'], { version: 2, seed: 2, lag: null, target: 'm4' });
  const states = { waiting: 'WAITING', running: 'RUNNING', complete: 'COMPLETE', pruned: 'PRUNED', failed: 'FAIL' };
  const shown = (v: number) => (Number.isFinite(v) ? v : Number.isNaN(v) ? 'nan' : v > 0 ? 'inf' : '-inf');
  for (const [i, t] of study.trials.entries()) {
    const theirs = found.trials[i];
    assert.equal([theirs.number, theirs.state], [t.number, states[t.state]]);
    assert.equal(theirs.params, t.params);
    assert.equal(theirs.values, t.values?.map(shown) ?? null);
    assert.equal(theirs.user, t.userAttrs);
    assert.equal(theirs.constraints ?? [], t.constraints);
    const reports = [...study.records[i].reports].map(([step, v]) => [String(step), shown(v)]);
    assert.equal(Object.entries(theirs.reports), reports);
    if (t.state === 'complete') assert.ok(theirs.seconds >= 0 && theirs.seconds < 60);
  }
  assert.equal(found.trials[0].fixed, { x: 0.25, kind: 'b' });
  assert.ok(found.trials[0].distributions.includes('FloatDistribution(high=1.0, log=True, low=1e-05, step=None)'));
});

const BEGIN = `
study = optuna.create_study(study_name="s", storage=url, sampler=optuna.samplers.RandomSampler(seed=1))
def space(t):
    x = t.suggest_float("x", -1, 1); lr = t.suggest_float("lr", 1e-5, 1, log=True); width = t.suggest_int("width", 8, 64, step=8)
    kind = t.suggest_categorical("kind", ["a", "b", None, 4, 2.5, True])
    t.set_user_attr("sizes", {"layers": [1, None], "nan": float("nan")})
    t.set_system_attr("constraints", [x])
    t.report(x, 1)
    if t.number == 2: raise optuna.TrialPruned()
    if t.number == 3: return float("nan")
    if t.number == 4: return float("inf")
    return x * x + lr + width / 64 + (t.suggest_float("ratio", 0, 1, step=0.25) if kind == "b" else 1)
study.optimize(space, n_trials=10)
study.enqueue_trial({"x": 0.5, "kind": "a"})
study.ask()`;

for (const [name, sampler] of Object.entries({ tpe: TpeSampler, evolution: EvolutionSampler, random: RandomSampler })) {
  test(`${name}: we go on with a study that Optuna began, and Optuna with ours`, async () => {
    const database = made(BEGIN);
    const study = await openStudy({ storage: s.storage(database), name: 's', resume: true, sampler: new sampler() });
    assert.equal(
      study.trials.map((t) => t.state),
      [...['complete', 'complete', 'pruned', 'failed', 'complete'], ...Array(5).fill('complete'), 'running'],
    );
    assert.is(study.trials[4].value, Number.POSITIVE_INFINITY);
    assert.equal(study.trials[0].userAttrs.sizes, { layers: [1, null], nan: Number.NaN });
    assert.equal(study.trials[2].constraints, [study.trials[2].params.x]);
    // Optuna asked for the enqueued trial and left it.
    const left = (await study.ask(space))!;
    assert.equal([left.number, left.params.x, left.params.kind], [10, 0.5, 'a']);
    await study.tell(left, left.point, { constraints: [-1] });
    for (let i = 0; i < 6; i++) await step(study);
    await study.close();
    const after = `
study = optuna.load_study(study_name="s", storage=url)
t = study.ask(); t.suggest_float("x", -1, 1); study.tell(t, 7.0)
print(t.number, len(study.trials), [t.number for t in study.trials] == list(range(18)))`;
    assert.is(optuna(database, after), '17 18 True');
    const again = await openStudy({ storage: s.storage(database), name: 's', resume: true, sampler: new sampler() });
    assert.equal(again.trials[17].values, [7]);
  });
}

test('times are as the version expects that made the tables: those of Optuna 3 in the zone of the writer, ours in UTC', async () => {
  const start = (database: string) =>
    s.sql(database, 'SELECT extract(epoch FROM datetime_start) FROM trials ORDER BY number DESC LIMIT 1');
  const before = process.env.TZ;
  process.env.TZ = 'Asia/Tokyo';
  try {
    for (const [database, hours] of [
      [made(), 9],
      [s.database(), 0],
    ] as const) {
      const study = await openStudy({ storage: s.storage(database), name: 's' });
      await step(study);
      const off = (Number(start(database)) - Date.now() / 1000) / 3600;
      assert.ok(Math.abs(off - hours) < 0.1, `${off} hours off, not ${hours}`);
    }
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});

test('our tables are those of Optuna, with the index and the stamp of the newer one', async () => {
  const [theirs, ours] = [made(), s.database()];
  await s.storage(ours).prepare();
  const before = new Set(s.dump(theirs));
  const after = s.dump(ours);
  const index = 'CREATE INDEX ix_trials_study_id ON public.trials USING btree (study_id);';
  assert.equal(
    after.filter((line) => !before.has(line)),
    [index],
  );
  assert.is(after.length, before.size === 0 ? -1 : s.dump(theirs).length + 1);
  assert.is(s.sql(theirs, 'SELECT version_num FROM alembic_version'), 'v3.0.0.d');
  assert.is(s.sql(ours, 'SELECT version_num, schema_version FROM alembic_version, version_info'), 'v3.2.0.a|12');
  // Optuna 3.1 names the stamp that it does not know, and nothing else.
  assert.throws(() => optuna(ours, 'optuna.storages.RDBStorage(url)'), /RuntimeError: .*no longer compatible/);
  assert.is(optuna(ours, 'print(optuna.storages.RDBStorage(url, skip_compatibility_check=True).get_all_studies())'), '[]');
});

test('tables of an older version, and a stamp that nobody knows, are named', async () => {
  for (const stamp of ['v2.6.0.a', 'v9.0.0.a']) {
    const database = made();
    s.sql(database, `UPDATE alembic_version SET version_num = '${stamp}'`);
    const open = openStudy({ storage: s.storage(database), name: 's' });
    await isRefused(
      open,
      'bad-file',
      new RegExp(`stamped ${stamp} \\(schema 12\\), not v3.2.0.a or v3.0.0.d[\\s\\S]*optuna storage upgrade`),
    );
  }
});

test.after(() => s.closeAll());
test.run();
