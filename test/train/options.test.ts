import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import { CompressError } from '../../src/errors.ts';
import { stagesOf } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import { finetune } from '../../src/train/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: what only plain JavaScript and recipes can hold
type Wrong = any;

const refuses = (work: () => unknown, what: RegExp): void =>
  assert.throws(work, (e: CompressError) => {
    assert.instance(e, CompressError);
    assert.is(e.code, 'bad-option');
    assert.match(e.message, what);
    return true;
  });

test('an option that does not exist is refused with the nearest that does', async () => {
  refuses(() => prune({ rato: 0.5 } as Wrong), /^prune: there is no option "rato"\n.*"ratio"/);
  refuses(() => stagesOf({ stages: [{ stage: 'prune', rato: 0.1 }] }), /"rato"[\s\S]*"ratio"/);
  refuses(() => stagesOf({ stages: [{ stage: 'simplify', ratio: 0.1 }] }), /^simplify: there is no option "ratio"/);
  refuses(() => finetune({ augment: { flp: true } } as Wrong), /^finetune: augment: there is no option "flp"\n.*"flip"/);
  refuses(() => distill({ hints: [{ student: 'a', techer: 'b' }] } as Wrong), /^distill: hints: 0: .*"techer"\n.*"teacher"/);
  const error = await loadDataset({}, { splitt: [1, 0, 0] } as Wrong).catch((e) => e);
  assert.is(error.code, 'bad-option');
  assert.match(error.message, /"splitt"[\s\S]*"split"/);
  prune({ ratio: undefined, rato: undefined } as Wrong);
  quantize({ layerBits: { anything: 4 } });
});

test('a value that cannot be is refused by what it must be', () => {
  refuses(() => prune({ ratio: 1 }), /^prune: ratio must be at least 0 and below 1, not 1\n/);
  refuses(() => prune({ ratio: '0.5' } as Wrong), /ratio must be a number, at least 0 and below 1, not "0.5"/);
  refuses(() => prune({ multiple: 1.5 }), /multiple must be a whole number and at least 1, not 1.5/);
  refuses(() => prune({ ratios: { a: 2 } }), /ratios.a must be at least 0 and below 1, not 2/);
  refuses(() => prune({ criterion: 'l3' } as Wrong), /criterion must be one of "reconstruction", "l2", .*, not "l3"/);
  refuses(() => quantize({ weightBits: 5 } as Wrong), /weightBits must be one of 4, 8, not 5/);
  refuses(() => finetune({ learningRate: 0 }), /learningRate must be above 0 and at most 10, not 0/);
  refuses(() => finetune({ augment: { flip: 1 } } as Wrong), /augment.flip must be true or false, not 1/);
  refuses(() => finetune({ augment: { shift: [1] } } as Wrong), /augment.shift must be a number or a list of 2, not a list/);
  refuses(() => distill({ hints: [{}] } as Wrong), /hints.0.student is missing/);
  refuses(() => prune(3 as Wrong), /^prune: what it is given must be an object, not 3/);
});

test.run();
