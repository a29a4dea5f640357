import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interactions } from '../../src/ablate/interactions.ts';
import { takeEvenly } from '../../src/data/index.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { inProcess } from '../cli/in_process.ts';
import { model as modelFile, trainFile } from '../cli/sample.ts';
import { contextOf, data, network } from '../train/networks.ts';

const model = { graph: network(), facts: {} };
const few = { ...data, train: takeEvenly(data.train!, 200), validation: takeEvenly(data.validation!, 100), test: null };

test('every kind of pruning beside every tensor, ranges, and what teachers win back; the same again', async () => {
  const context = { ...contextOf(model), data: few, task: recognizeTask(model.graph, data) };
  const options = { ratio: 0.4, degrees: [0.5], epochs: 0.5, teachers: { other: { graph: network(), facts: {} } } };
  const found = await interactions(model, options, context);
  assert.equal(
    found.kinds.map((k) => k.kind),
    ['none', 'channels', 'channels, global', 'weights', 'weights, global'],
  );
  const [none, channels, global, single] = found.kinds;
  assert.ok(none.macs === 1 && none.weights === 1 && none.ranges.length === 0);
  assert.ok(channels.macs < 0.8 && global.macs < 0.61 && channels.ranges.length > 0);
  assert.ok(single.macs === 1 && Math.abs(single.weights - 0.6) < 0.05);
  for (const { tensors } of found.kinds) {
    assert.is(tensors.filter((t) => t.kind === 'weights').length, 4);
    assert.ok(tensors.every((t) => t.error > 0 && t.error < 0.1));
  }
  assert.equal(
    found.recoveries.map((r) => r.teacher),
    ['compressed', 'given', 'other'],
  );
  const [self, given, other] = found.recoveries.map((r) => r.multiplications);
  assert.ok(self < given && given === other);
  assert.equal(await interactions(model, options, context), found);
});

test('the command: tables of at most 80 columns, or one JSON object', async () => {
  const args = ['interactions', modelFile, '--data', trainFile, '--split', '0.2,0.1,0.7', '--epochs', '0.2', '--degrees', '0.3'];
  const { code, out } = await inProcess(...args);
  assert.is(code, 0);
  assert.ok(
    out.split('\n').every((line) => !line.startsWith('│') || line.length <= 80),
    out,
  );
  const json = await inProcess(...args, '--json');
  const { kinds, recoveries } = JSON.parse(json.out);
  assert.ok(kinds.length >= 5 && recoveries.length === 2 && kinds[0].tensors[0].sqnrDb > 0);
  assert.is((await inProcess(...args, '--ratio', '1.2')).code, 2);
});

test.run();
