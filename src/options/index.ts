/** Options: what they may be, how messages and the command line call them, and which values a search tries. */
export { checkOptions } from './check.ts';
export { type OptionsSchema, option, optional, type Range, rangeOf, type Text } from './option.ts';
export { named, Registry } from './registry.ts';
