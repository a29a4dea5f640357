import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { categories, numberRange } from '../../src/search/distribution.ts';
import { MemoryStorage, openStudy } from '../../src/study/index.ts';
import { decode, decodeDistribution, encode, encodeDistribution, pythonFloat } from '../../src/study/journal.ts';
import { space } from './space.ts';

test('floats are written as Python writes them', () => {
  const repr: [number, string][] = [
    [1, '1.0'],
    [-0, '-0.0'],
    [0, '0.0'],
    [0.1, '0.1'],
    [1e-4, '0.0001'],
    [1e-5, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [123456789012345680, '1.2345678901234568e+17'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1e22, '1e+22'],
    [1e-300, '1e-300'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ];
  for (const [x, text] of repr) assert.is(pythonFloat(x), text);
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => Object.is(Number(pythonFloat(x)), x)));
});

test('distributions have exactly the text of Optuna', () => {
  const text = [
    '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}',
    '{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}',
    '{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": 2, "high": 16}}',
    '{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 64}}',
    '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", 4, 2.5, true, null]}}',
  ];
  const made = [
    numberRange('x', 'float', 1e-5, 1, { log: true }),
    numberRange('x', 'float', 0, 1, { step: 0.25 }),
    numberRange('x', 'int', 2, 17, { step: 2 }),
    numberRange('x', 'int', 1, 64, { log: true }),
    categories('x', ['a', 4, 2.5, true, null]),
  ];
  assert.equal(made.map(encodeDistribution), text);
  assert.equal(
    text.map((t) => decodeDistribution('x', t)),
    made,
  );
  assert.throws(() => decodeDistribution('x', '{"name": "UniformDistribution", "attributes": {}}'), /unknown distribution/);
});

test('any operation is read back as it was written', () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0));
  const text = fc.oneof(fc.string(), fc.constantFrom('NaN', '"Infinity', 'a\n\\"-Infinity', 'ü\u2028'));
  const json = fc.letrec((tie) => ({
    v: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      number,
      text,
      fc.array(tie('v')),
      fc.dictionary(fc.string(), tie('v')),
    ),
  })).v;
  fc.assert(
    fc.property(json, fc.array(number), (value, values) => {
      const line = encode({ op_code: 8, worker_id: 'w', user_attr: { k: value }, values });
      assert.is(line.indexOf('\n'), line.length - 1);
      const back = decode(line.slice(0, -1));
      assert.is(encode(back), line);
    }),
  );
});

/** The rules of Optuna's journal: per operation the fields that Optuna reads, and no others. */
const FIELDS: Record<number, string[]> = {
  0: ['directions', 'study_name'],
  2: ['study_id', 'user_attr'],
  3: ['study_id', 'system_attr'],
  4: ['datetime_start', 'study_id'],
  5: ['distribution', 'param_name', 'param_value_internal', 'trial_id'],
  6: ['state', 'trial_id', 'values'],
  7: ['intermediate_value', 'step', 'trial_id'],
  8: ['trial_id', 'user_attr'],
  9: ['system_attr', 'trial_id'],
};
const READY_MADE = ['distributions', 'intermediate_values', 'params', 'state', 'system_attrs', 'user_attrs', 'value', 'values'];
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/;

test('a written study follows the rules of the format, line by line', async () => {
  const storage = new MemoryStorage();
  const study = await openStudy({
    storage,
    name: 'main',
    directions: ['minimize', 'maximize'],
    metricNames: ['flash', 'accuracy'],
    settings: { target: 'm4' },
  });
  await study.enqueue({ kind: 'b', x: 1 });
  for (let i = 0; i < 5; i++) {
    const trial = (await study.ask(space))!;
    await trial.report(i === 1 ? Number.NaN : i, 10);
    const userAttrs = { flashBytes: 1024 };
    if (i === 2) await study.tell(trial, null, { state: 'failed', userAttrs });
    else if (i === 3) await study.tell(trial, null, { state: 'pruned', userAttrs });
    else await study.tell(trial, [i, i === 4 ? Number.POSITIVE_INFINITY : 0.5], { constraints: [-1, 2], userAttrs });
  }
  const lines = storage.text.split('\n').slice(0, -1);
  const states: number[] = [];
  let trials = 0;
  for (const line of lines) {
    const { op_code, worker_id, ...fields } = decode(line);
    assert.match(worker_id, /^thumbnet-/);
    const names = Object.keys(fields).sort();
    const expected = [...FIELDS[op_code]];
    if (op_code === 4 && 'state' in fields) expected.push(...READY_MADE);
    if (op_code === 6) expected.push(fields.state === 0 ? 'datetime_start' : 'datetime_complete');
    assert.equal(names, expected.sort(), line);
    for (const [name, value] of Object.entries(fields)) {
      if (name.startsWith('datetime') && value !== null) assert.match(value as string, DATE);
      if (name.endsWith('_attr')) assert.is(Object.keys(value as object).length, 1);
    }
    if (op_code === 4) trials++;
    if ('trial_id' in fields) assert.ok((fields.trial_id as number) < trials);
    if (op_code === 6) states.push(fields.state as number);
    if (op_code === 5) assert.match(line, /"param_value_internal":-?[\d.]+(e[-+]\d+)?,/);
  }
  assert.equal(states, [0, 1, 1, 3, 2, 1]);
  const has = (part: string) => assert.ok(storage.text.includes(part), part);
  has('{"op_code":0,"worker_id":"thumbnet-');
  has('"study_name":"main","directions":[1,2]}\n');
  has('"system_attr":{"study:metric_names":["flash","accuracy"]}}\n');
  has(
    '"state":4,"value":null,"values":null,"datetime_start":null,"distributions":{},"params":{},"user_attrs":{},"system_attrs":{"fixed_params":{"kind":"b","x":1}},"intermediate_values":{}}\n',
  );
  has('"intermediate_value":NaN}\n');
  has('"system_attr":{"constraints":[-1.0,2.0]}}\n');
  has('"state":1,"values":[4.0,Infinity],');
  has('"param_name":"kind","param_value_internal":1.0,"distribution":"{\\"name\\": \\"CategoricalDistribution\\", ');
});

test('a journal that Optuna wrote is read, studies and trials of all kinds', async () => {
  const dist = (text: string) => JSON.stringify(text);
  const float = dist('{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}');
  const kind = dist('{"name": "CategoricalDistribution", "attributes": {"choices": ["a", null]}}');
  const text = [
    '{"op_code":0,"worker_id":"w","study_name":"gone","directions":[1]}',
    '{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-01-02T03:04:05.250000+00:00"}',
    '{"op_code":0,"worker_id":"w","study_name":"main","directions":[2]}',
    '{"op_code":0,"worker_id":"v","study_name":"main","directions":[1]}',
    '{"op_code":1,"worker_id":"w","study_id":0}',
    '{"op_code":4,"worker_id":"w","study_id":1,"datetime_start":"2026-01-02T03:04:05"}',
    `{"op_code":5,"worker_id":"w","trial_id":1,"param_name":"x","param_value_internal":0.5,"distribution":${float}}`,
    '{"op_code":9,"worker_id":"w","trial_id":1,"system_attr":{"tpe:relative_params:0":"{}"}}',
    '{"op_code":9,"worker_id":"w","trial_id":1,"system_attr":{"constraints:size":-0.5}}',
    '{"op_code":7,"worker_id":"w","trial_id":1,"step":3,"intermediate_value":-Infinity}',
    '{"op_code":10,"worker_id":"w","anything":[NaN]}',
    '{"op_code":6,"worker_id":"w","trial_id":1,"state":1,"values":[2.0],"datetime_complete":"2026-01-02T03:05:05"}',
    '{"op_code":8,"worker_id":"w","trial_id":1,"user_attr":{"late":1}}',
    `{"op_code":4,"worker_id":"w","study_id":1,"datetime_start":null,"state":2,"value":1.5,"values":null,"datetime_complete":"2026-01-02T03:05:05","distributions":{"kind":${kind}},"params":{"kind":1.0},"user_attrs":{"a":[1]},"system_attrs":{"constraints":[1.0]},"intermediate_values":{"1":1.5}}`,
  ];
  const study = await openStudy({
    storage: new MemoryStorage(`${text.join('\n')}\n{"op_code":4,"wor`),
    name: 'main',
    resume: true,
    direction: 'maximize',
  });
  assert.equal(study.trials, [
    { number: 0, state: 'complete', params: { x: 0.5 }, value: 2, values: [2], constraints: [-0.5], userAttrs: {} },
    { number: 1, state: 'pruned', params: { kind: null }, value: 1.5, values: [1.5], constraints: [1], userAttrs: { a: [1] } },
  ]);
  assert.is(study.records[0].reports.get(3), Number.NEGATIVE_INFINITY);
  assert.is(study.best!.number, 0);
});

test.run();
