/** The best candidates of a search, judged by instructions that an emulated core executes instead of modelled ones. */
import type { Trade } from '../c/parts.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import { profile, type Target } from '../mcu/index.ts';
import { type Figures, wayOf } from './figures.ts';
import type { Goal } from './judge.ts';

/** Instructions of one inference of an integer graph, executed by the core of a chip. */
export type Counter = (graph: Graph, target: Target, trade: Trade) => Promise<number>;

/** What was counted of a candidate; trial null: plain int8. */
export interface CountReport {
  readonly trial: number | null;
  readonly instructions: number;
  readonly modelled: number;
  /** As modelled, and by what was counted. */
  readonly latencyMs: readonly [modelled: number, counted: number];
}

/** So many of the best candidates are counted at once. */
export const COUNTED = 5;

/** Figures by counted instructions: cycles and energy of each instruction are those of the model. */
export class Emulated {
  readonly reports: CountReport[] = [];
  readonly #count: Counter;
  readonly #goal: Goal;

  constructor(count: Counter, goal: Goal) {
    this.#count = count;
    this.#goal = goal;
  }

  async figures(trial: number | null, tflite: Uint8Array, modelled: Figures): Promise<Figures> {
    const { target, settings } = this.#goal;
    const graph = importTflite(tflite);
    const known = profile(graph, target, wayOf(settings));
    const instructions = await this.#count(graph, target, settings.trade);
    // The front end is the same in every candidate, and not counted again.
    const front = known.frontEnd ?? { instructions: 0, latencyMs: 0 };
    const counted = instructions + front.instructions;
    const factor = instructions / (known.instructions - front.instructions);
    const latencyMs = front.latencyMs + (modelled.latencyMs - front.latencyMs) * factor;
    this.reports.push({ trial, instructions: counted, modelled: known.instructions, latencyMs: [modelled.latencyMs, latencyMs] });
    return { ...modelled, latencyMs, energyUj: modelled.energyUj && modelled.energyUj * (latencyMs / modelled.latencyMs) };
  }
}
