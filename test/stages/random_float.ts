import { type Graph, type Node, sizeOf } from '../../src/graph/graph.ts';
import { rowOf } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { ImageBuilder } from '../image_builder.ts';

/** A random float network of operators through which channels are followed: images, then a dense head of five outputs. */
export function randomFloat(seed: number): Graph {
  return new Builder(createRandom(seed, 'test/contract')).build();
}

class Builder extends ImageBuilder {
  build(): Graph {
    const size = 6 + this.random.below(3);
    const input = this.#tensor('input', [1, size, size, 3]);
    const images = [input, this.#conv(input)];
    for (let i = 0; i < 5 + this.random.below(6); i++) images.push(...this.#layer(images));
    const flat = this.#head(images[images.length - 1]);
    const hidden = this.#dense(flat, 7, 'relu');
    const output = this.#dense(hidden, 5, 'none');
    return { name: 'random', tensors: this.tensors, nodes: this.nodes, inputs: [input], outputs: [output] };
  }

  #layer(images: readonly number[]): number[] {
    const x = this.chance(0.7) ? images[images.length - 1] : this.pick(images);
    const channels = this.tensors[x].shape[3];
    switch (this.random.below(12)) {
      case 0:
      case 1:
        return [this.#conv(x)];
      case 2:
        return [channels % 2 ? this.#conv(x) : this.#grouped(x, channels % 4 || this.chance(0.5) ? 2 : 4)];
      case 3:
        return [this.#depthwise(x)];
      case 4:
        return [this.pair(x, images)];
      case 5:
        return [this.concat(x, images)];
      case 6:
        return [this.#pool(x)];
      case 7:
        return [this.#norm(x)];
      case 8:
        return channels < 2 ? [this.#conv(x)] : this.#split(x);
      case 9:
        return [this.node('transpose', [x], { perm: [0, 2, 1, 3] })];
      case 10:
        return [this.node(this.pick(['relu', 'relu6', 'logistic', 'hardSwish', 'tanh']), [x], {})];
      default:
        return [this.chance(0.5) ? this.#withConstant(x) : this.node('leakyRelu', [x], { alpha: 0.25 })];
    }
  }

  #conv(x: number): number {
    const c = this.tensors[x].shape[3];
    const units = 2 * (1 + this.random.below(4));
    const kernel = this.kernel(x);
    return this.node('conv2d', [x, this.#weights([units, ...kernel, c]), this.#vector(units)], { ...this.#window(), groups: 1 });
  }

  #grouped(x: number, groups: number): number {
    const c = this.tensors[x].shape[3];
    const units = groups * (1 + this.random.below(3));
    const kernel = this.kernel(x);
    const weights = this.#weights([units, ...kernel, c / groups]);
    return this.node('conv2d', [x, weights, this.#vector(units)], { ...this.#window(), groups });
  }

  #depthwise(x: number): number {
    const c = this.tensors[x].shape[3];
    const multiplier = this.chance(0.75) ? 1 : 2;
    const weights = this.#weights([1, ...this.kernel(x), c * multiplier]);
    return this.node('depthwiseConv2d', [x, weights, this.#vector(c * multiplier)], { ...this.#window(), multiplier });
  }

  #pool(x: number): number {
    const attrs = { filter: this.kernel(x), stride: [1, 1], padding: this.pick(['same', 'valid']), activation: 'none' };
    return this.node(this.pick(['avgPool2d', 'maxPool2d']), [x], attrs);
  }

  #norm(x: number): number {
    const c = this.tensors[x].shape[3];
    const vectors = [this.#vector(c, 0.5), this.#vector(c), this.#vector(c), this.#vector(c, 0.5)];
    return this.node('batchNorm', [x, ...vectors], { epsilon: 1e-3 });
  }

  /** Along the channels, or along the height where both halves are used. */
  #split(x: number): number[] {
    const { shape } = this.tensors[x];
    const axis = shape[1] % 2 === 0 && this.chance(0.3) ? 1 : 3;
    const first = axis === 1 ? shape[1] / 2 : 1 + this.random.below(shape[3] - 1);
    const sizes = [first, shape[axis] - first];
    const outputs = sizes.map((n) =>
      this.#tensor(
        `t${this.tensors.length}`,
        shape.map((d, i) => (i === axis ? n : d)),
      ),
    );
    this.nodes.push({ name: `n${this.nodes.length}`, op: 'split', inputs: [x], outputs, attrs: { axis, sizes } });
    return axis === 1 ? [this.node('add', outputs, { activation: 'none' })] : outputs;
  }

  #withConstant(x: number): number {
    return this.node(this.pick(['add', 'mul', 'maximum', 'minimum']), [x, this.#vector(this.tensors[x].shape[3])], {
      activation: 'none',
    });
  }

  /** Global mean, or flattening. */
  #head(x: number): number {
    if (this.chance(0.5)) return this.node('mean', [x], { axes: [1, 2], keepDims: false });
    return this.node('reshape', [x], { shape: [0, -1] });
  }

  #dense(x: number, units: number, activation: string): number {
    const depth = this.tensors[x].shape[1];
    return this.node('fullyConnected', [x, this.#weights([units, depth]), this.#vector(units)], { activation, keepDims: false });
  }

  #window() {
    return { stride: [1, 1], dilation: [1, 1], padding: this.pick(['same', 'valid']), activation: this.activation() };
  }

  #weights(shape: number[]): number {
    const scale = 2 / Math.sqrt(sizeOf(shape.slice(1)));
    const data = Float32Array.from({ length: sizeOf(shape) }, () => scale * (this.random.uniform() - 0.5));
    return this.tensors.push({ name: `w${this.tensors.length}`, shape, dtype: 'f32', data, quant: null }) - 1;
  }

  #vector(length: number, least = -0.5): number {
    const data = Float32Array.from({ length }, () => least + this.random.uniform());
    return this.tensors.push({ name: `v${this.tensors.length}`, shape: [length], dtype: 'f32', data, quant: null }) - 1;
  }

  protected node(op: string, inputs: number[], attrs: Node['attrs']): number {
    const [shape] = rowOf(op).infer(
      inputs.map((t) => this.tensors[t].shape),
      attrs,
    );
    const y = this.#tensor(`t${this.tensors.length}`, shape);
    this.nodes.push({ name: `n${this.nodes.length}`, op, inputs, outputs: [y], attrs });
    return y;
  }

  #tensor(name: string, shape: readonly number[]): number {
    return this.tensors.push({ name, shape, dtype: 'f32', data: null, quant: null }) - 1;
  }
}
