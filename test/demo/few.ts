import type { Dataset } from '../../src/data/index.ts';
import { makeGestures } from '../../src/demo/gestures.ts';
import { gestures } from '../../src/demo/index.ts';

/** Gestures that train and are judged in a moment. @param rest examples of validation and of test */
export const fewGestures = (train: number, rest: number): Dataset => ({
  ...gestures(),
  train: makeGestures(train, 5, 'train'),
  validation: makeGestures(rest, 5, 'validation'),
  test: makeGestures(rest, 5, 'test'),
});
