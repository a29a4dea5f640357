import type { Graph, Node, Tensor } from '../src/graph/graph.ts';
import type { Random } from '../src/random.ts';

/** What random networks of images have in common. */
export abstract class ImageBuilder {
  readonly tensors: Tensor[] = [];
  readonly nodes: Node[] = [];

  constructor(protected readonly random: Random) {}

  abstract build(): Graph;

  /** Adds a node; its output. */
  protected abstract node(op: string, inputs: number[], attrs: Node['attrs']): number;

  /** A sum or product with another tensor of the same shape, or with the same one. */
  protected pair(x: number, images: readonly number[]): number {
    const alike = images.filter((t) => this.tensors[t].shape.join() === this.tensors[x].shape.join());
    return this.node(this.pick(['add', 'sub', 'mul']), [x, this.pick(alike)], { activation: this.activation() });
  }

  protected concat(x: number, images: readonly number[]): number {
    const size = (t: number) => this.tensors[t].shape.slice(0, 3).join();
    const alike = images.filter((t) => size(t) === size(x));
    return this.node('concat', [x, this.pick(alike)], { axis: 3, activation: 'none' });
  }

  /** Sizes of a filter that fits. */
  protected kernel(x: number): [number, number] {
    const [, h, w] = this.tensors[x].shape;
    return [1 + this.random.below(Math.min(h, 3)), 1 + this.random.below(Math.min(w, 3))];
  }

  protected activation = () => this.pick(['none', 'none', 'relu', 'relu6']);
  protected chance = (p: number): boolean => this.random.uniform() < p;

  protected pick<T>(of: readonly T[]): T {
    return of[this.random.below(of.length)];
  }
}
