import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, printed, schemas } from '../../scripts/schemas.ts';
import { STAGES } from '../../src/pipeline.ts';
import { broken } from '../json_schema.ts';
import { sampleHistory } from '../report/sample.ts';

const folder = new URL('../../docs/schemas/', import.meta.url);
const kept = (name: string): Json => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

test('docs/schemas is what the readers check (node --import tsx scripts/schemas.ts writes it)', () => {
  const made = schemas();
  assert.equal(readdirSync(folder).sort(), [...Object.keys(made), 'printed'].sort());
  for (const [name, schema] of Object.entries(made)) assert.equal(kept(name), JSON.parse(JSON.stringify(schema)), name);
});

test('docs/schemas/printed is what every verb hands over to be printed (the same script writes it)', () => {
  const made = printed();
  const verbs = Object.keys(made);
  assert.equal(readdirSync(new URL('printed/', folder)).sort(), verbs.sort());
  for (const verb of ['compare', 'compress', 'evaluate', 'profile', 'quantize']) assert.ok(verbs.includes(`${verb}.json`), verb);
  for (const [name, schema] of Object.entries(made))
    assert.equal(kept(`printed/${name}`), JSON.parse(JSON.stringify(schema)), name);
});

test('a history fits, and a wrong one does not', () => {
  const history = JSON.parse(JSON.stringify(sampleHistory()));
  assert.equal(broken(history, kept('history.json')), []);
  assert.equal(broken({ ...history, version: 1, seed: '0' }, kept('history.json')), [
    '$.version is not 2',
    '$.seed is no number',
  ]);
  const { notes: _, ...less } = history;
  assert.equal(broken(less, kept('history.json')), ['$ has no notes']);
});

test('a recipe of every stage with all of its options fits; an option that cannot be does not, and a stage of a plugin may have any', () => {
  const stages = STAGES.names.map((stage) => {
    const options = stage === 'prune' ? { ratio: 0.5 } : {};
    return { stage, ...JSON.parse(JSON.stringify(STAGES.get(stage)(options).options)) };
  });
  const recipe = { version: 1, seed: 0, stages };
  assert.equal(broken(recipe, kept('recipe.json')), []);
  const wrong = [{ stage: 'prune', ratio: 1.5 }];
  assert.equal(broken({ ...recipe, stages: wrong }, kept('recipe.json')).length, 1);
  assert.equal(broken({ ...recipe, stages: [{ stage: 'own', ratio: 1.5 }] }, kept('recipe.json')), []);
});

test.run();
