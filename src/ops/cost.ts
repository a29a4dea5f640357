import type { Cost } from './op.ts';

/** Cost of an operator of which only its multiply-accumulates are known. */
export const macsOnly = (kernel: string, macs: number): Cost => ({ kernel, macs, scratchBytes: 0, features: {} });
