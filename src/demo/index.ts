export { GESTURES, gestures } from './gestures.ts';
export { demoModel } from './model.ts';
