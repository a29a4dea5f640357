import type { CompressError } from '../../errors.ts';
import type { Attrs } from '../../graph/graph.ts';
import type { Draft } from '../draft.ts';
import { inverse, type Relabel } from '../relabel.ts';
import type { Config } from './config.ts';
import { type Array32, badFile, unsupported } from './hdf5.ts';

/** One call of a layer: its operands, its weights, and what adds nodes for it. */
export class Call {
  constructor(
    readonly draft: Draft,
    readonly name: string,
    readonly config: Config,
    readonly inputs: readonly number[],
    readonly weights: (role: string) => Array32,
    /** Keras' own, 1 to 3. */
    readonly version: number,
  ) {}

  shape(t = this.inputs[0]): readonly number[] {
    return this.draft.tensors[t].shape;
  }

  emit(op: string, inputs: readonly number[], attrs: Attrs): number {
    return this.emitAll(op, inputs, attrs)[0];
  }

  emitAll(op: string, inputs: readonly number[], attrs: Attrs): number[] {
    return this.draft.emit(op, inputs, attrs, `${this.name}/${op}`);
  }

  relabel(t: number, map: Relabel): number {
    return this.draft.relabel(t, map, `${this.name}/axes`);
  }

  constant(part: string, shape: readonly number[], values: ArrayLike<number>): number {
    return this.draft.constant(`${this.name}/${part}`, shape, values);
  }

  /** Weights with their axes in another order, and perhaps another shape before. */
  weight(role: string, map: Relabel, shape?: readonly number[]): number {
    const found = this.weights(role);
    const t = this.constant(role, shape ?? found.shape, found.data);
    return map.length ? this.draft.relabel(t, map, this.name) : t;
  }

  number(name: string, otherwise: number): number {
    const value = this.config[name];
    if (value === undefined || value === null) return otherwise;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw badFile(`"${name}" of the layer "${this.name}" is no number`);
    return value;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.config[name];
    return typeof value === 'boolean' ? value : otherwise;
  }

  text(name: string, otherwise: string): string {
    const value = this.config[name];
    return typeof value === 'string' ? value : otherwise;
  }

  list(name: string): number[] | null {
    const value = this.config[name];
    if (typeof value === 'number') return [value];
    if (!Array.isArray(value)) return null;
    const flat = value.flat(2);
    if (!flat.every((v): v is number => typeof v === 'number'))
      throw badFile(`"${name}" of the layer "${this.name}" is no list of numbers`);
    return flat;
  }

  /** Numbers for height and width; a layer of one dimension has the width alone. */
  pair(name: string, otherwise: readonly [number, number]): [number, number] {
    const list = this.list(name);
    if (!list) return [...otherwise];
    return this.shape().length === 3 ? [1, list[0]] : [list[0], list[1] ?? list[0]];
  }

  get isChannelsFirst(): boolean {
    return this.config.data_format === 'channels_first';
  }

  /** Operand 0 as an image [n, h, w, c], and what brings a result back to the axes of the layer. */
  image(): { x: number; back(t: number): number } {
    const rank = this.shape().length;
    if (rank !== 3 && rank !== 4) throw this.refuse(`works on ${rank - 2} spatial dimensions`, 'use one or two');
    const last: Relabel = rank === 4 ? [0, 1, 2, 3] : [0, -1, 1, 2];
    const first: Relabel = rank === 4 ? [0, 2, 3, 1] : [0, -1, 2, 1];
    const map = this.isChannelsFirst ? first : last;
    return { x: this.relabel(this.inputs[0], map), back: (t) => this.relabel(t, inverse(map, rank)) };
  }

  refuse(what: string, fix: string): CompressError {
    return unsupported(`the layer "${this.name}" ${what}`, fix);
  }
}

/** What a layer class is. */
export interface Layer {
  /** Roles of its variables in Keras' order; none where it has no weights. */
  roles?(config: Config): readonly string[];
  /** Layers within it that hold the weights, from the outside in. */
  readonly within?: readonly string[];
  build(call: Call): number | number[];
}

export const hasBias = (config: Config): boolean => config.use_bias !== false;
