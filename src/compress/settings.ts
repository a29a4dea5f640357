import { USUAL_TRADE } from '../c/parts.ts';
import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { findTarget, type Target } from '../mcu/index.ts';
import type { Model } from '../stage.ts';
import { recognizeTask, taskOptions } from '../task/index.ts';
import { type CompressOptions, checkSettings, type Settings } from './options.ts';
import { checkParts } from './parts.ts';

/** What can be found wrong before anything is done. @throws CompressError */
export function checkCompress(model: Model, data: Dataset, options: CompressOptions): { settings: Settings; target: Target } {
  const settings = checkSettings(options);
  const target = findTarget(settings.target);
  if (settings.evaluate === 'emulator' && settings.runtime !== 'thumbnet') {
    throw new CompressError(
      'bad-option',
      `the runtime is ${settings.runtime}, and the emulator runs C that Thumbnet writes`,
      'leave the runtime away, or evaluate by the model',
    );
  }
  if (settings.trade !== USUAL_TRADE && settings.runtime !== 'thumbnet') {
    throw new CompressError(
      'bad-option',
      `the runtime is ${settings.runtime}, and trade ${settings.trade} is one of C that Thumbnet writes`,
      'leave the trade or the runtime away',
    );
  }
  checkParts(model, data, recognizeTask(model.graph, data, taskOptions(settings)));
  return { settings, target };
}
