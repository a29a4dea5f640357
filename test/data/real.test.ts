/** The real datasets, whole. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { sharedTest } from '../shared_test.ts';

const SETS: [path: string, shape: number[], classes: number, counts: number[]][] = [
  ['cifar10', [32, 32, 3], 10, [7060, 1008, 1468]],
  ['mnist', [28, 28], 10, [52500, 7500, 10000]],
  ['fashion-mnist-part', [28, 28], 10, [3407, 490, 4443]],
  ['uci-har-part', [128, 9], 6, [2101, 299, 950]],
  ['vww01', [96, 96, 3], 2, [700, 100, 200]],
  ['kws01/test_mfcc.npz', [49, 10, 1], 12, [699, 99, 202]],
  ['sww01/calibration_samples.npz', [30, 1, 40], 3, [33, 3, 9]],
];

for (const [name, shape, classes, counts] of SETS) {
  sharedTest(`${name}: shape, classes and split`, [`data/${name}`], async (path) => {
    const d = await loadDataset(path);
    assert.equal(d.inputs[0].shape, shape);
    assert.is(d.classes, classes);
    assert.equal([d.train!.count, d.validation!.count, d.test!.count], counts);
  });
}

test.run();
