import type { DType, Graph, Node, Quantization, Values } from '../../src/graph/graph.ts';
import { rowOf } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { ImageBuilder } from '../image_builder.ts';

/** A random int8 network of the operators that simplification follows, with channels that are dead in every way it knows. */
export function randomGraph(seed: number): Graph {
  return new Builder(createRandom(seed, 'test/simplify')).build();
}

class Builder extends ImageBuilder {
  build(): Graph {
    const size = 4 + this.random.below(5);
    const input = this.#tensor([1, size, size, 1 + this.random.below(5)]);
    const images = [input];
    for (let i = 0; i < 3 + this.random.below(7); i++) images.push(this.#layer(images));
    const last = images[images.length - 1];
    const dense = this.#head(last);
    const outputs = this.chance(0.2) && images.length > 3 ? [dense, images[images.length - 2]] : [dense];
    return { name: 'random', tensors: this.tensors, nodes: this.nodes, inputs: [input], outputs: [...new Set(outputs)] };
  }

  #layer(images: readonly number[]): number {
    const x = this.chance(0.7) ? images[images.length - 1] : this.pick(images);
    switch (this.random.below(11)) {
      case 0:
      case 1:
      case 2:
        return this.#conv(x);
      case 3:
      case 4:
        return this.#depthwise(x);
      case 5:
        return this.pair(x, images);
      case 6:
        return this.concat(x, images);
      case 7:
        return this.#pool(x);
      case 8:
        return this.node(
          'pad',
          [x],
          {
            paddings: [
              [0, 0],
              [this.random.below(3), this.random.below(2)],
              [this.random.below(2), 1],
              [0, 0],
            ],
            value: 0,
          },
          this.#quantOf(x),
        );
      case 9:
        return this.node(
          this.pick(['relu', 'relu6', 'logistic', 'hardSwish']),
          [x],
          {},
          this.chance(0.5) ? this.#quantOf(x) : undefined,
        );
      default:
        return this.chance(0.5) ? this.#withConstant(x) : this.node('leakyRelu', [x], { alpha: 0.25 });
    }
  }

  #conv(x: number): number {
    const c = this.tensors[x].shape[3];
    const units = 2 + this.random.below(9);
    const kernel = this.kernel(x);
    const weights = this.#weights([units, ...kernel, c], 0, 3);
    return this.node('conv2d', [x, weights, ...this.#bias(units, weights, x)], { ...this.#window(), groups: 1 });
  }

  #depthwise(x: number): number {
    const c = this.tensors[x].shape[3];
    const multiplier = this.chance(0.75) ? 1 : 2;
    const kernel = this.kernel(x);
    const weights = this.#weights([1, ...kernel, c * multiplier], 3, -1);
    return this.node('depthwiseConv2d', [x, weights, ...this.#bias(c * multiplier, weights, x)], {
      ...this.#window(),
      multiplier,
    });
  }

  #pool(x: number): number {
    const filter = this.kernel(x);
    const attrs = {
      filter,
      stride: [1 + this.random.below(2), 1 + this.random.below(2)],
      padding: this.pick(['same', 'valid']),
      activation: this.activation(),
    };
    return this.node(this.pick(['avgPool2d', 'maxPool2d']), [x], attrs, this.#quantOf(x));
  }

  #withConstant(x: number): number {
    const c = this.tensors[x].shape[3];
    const constant = this.#tensor(
      [c],
      Int8Array.from({ length: c }, () => this.random.below(256) - 128),
    );
    return this.node(this.pick(['add', 'mul', 'maximum', 'minimum']), [x, constant], { activation: 'none' });
  }

  /** Global mean or flattening, then a dense layer. */
  #head(x: number): number {
    const flat = this.chance(0.5)
      ? this.node('mean', [x], { axes: [1, 2], keepDims: false })
      : this.node('reshape', [x], { shape: [0, -1] }, this.#quantOf(x));
    const depth = this.tensors[flat].shape[1];
    const weights = this.#weights([3, depth], 0, 1);
    return this.node('fullyConnected', [flat, weights, ...this.#bias(3, weights, flat)], { activation: 'none' });
  }

  #window() {
    const stride = [1 + this.random.below(2), 1 + this.random.below(2)];
    return { stride, dilation: [1, 1], padding: this.pick(['same', 'valid']), activation: this.activation() };
  }

  /** Some output channels are all zero or of a scale so small that nothing is left of them; some input channels are not read. */
  #weights(shape: number[], outAxis: number, inAxis: number): number {
    const units = shape[outAxis];
    const stride = (axis: number) => shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const dead = Array.from({ length: units }, () => this.chance(0.3));
    const unread = inAxis < 0 ? [] : Array.from({ length: shape[inAxis] }, () => this.chance(0.25));
    const data = Int8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
      const zero =
        dead[Math.floor(i / stride(outAxis)) % units] || (inAxis >= 0 && unread[Math.floor(i / stride(inAxis)) % shape[inAxis]]);
      return zero ? 0 : this.random.below(255) - 127;
    });
    const scales = Array.from({ length: units }, () =>
      Math.fround((this.chance(0.15) ? 1e-9 : 0.002) * (0.5 + this.random.uniform())),
    );
    return (
      this.tensors.push({
        name: `w${this.tensors.length}`,
        shape,
        dtype: 'i8',
        data,
        quant: { bits: 8, scales, zeros: scales.map(() => 0), axis: units > 1 ? outAxis : null },
      }) - 1
    );
  }

  #bias(units: number, w: number, x: number): number[] {
    if (this.chance(0.15)) return [];
    const scales = this.tensors[w].quant!.scales.map((s) => Math.fround(s * this.tensors[x].quant!.scales[0]));
    const data = Int32Array.from({ length: units }, () => this.random.below(20000) - 10000);
    return [
      this.tensors.push({
        name: `b${this.tensors.length}`,
        shape: [units],
        dtype: 'i32',
        data,
        quant: { bits: 32, scales, zeros: scales.map(() => 0), axis: units > 1 ? 0 : null },
      }) - 1,
    ];
  }

  protected node(op: string, inputs: number[], attrs: Node['attrs'], quant?: Quantization): number {
    const [shape] = rowOf(op).infer(
      inputs.map((t) => this.tensors[t].shape),
      attrs,
    );
    const y = this.#tensor(shape, null, quant);
    this.nodes.push({ name: `n${this.nodes.length}`, op, inputs, outputs: [y], attrs });
    return y;
  }

  #tensor(shape: number[], data: Values | null = null, quant?: Quantization): number {
    const zero = this.pick([-128, -128, 0, this.random.below(256) - 128]);
    const own: Quantization = { bits: 8, scales: [Math.fround(0.02 + 0.05 * this.random.uniform())], zeros: [zero], axis: null };
    const dtype: DType = 'i8';
    return this.tensors.push({ name: `t${this.tensors.length}`, shape, dtype, data, quant: quant ?? own }) - 1;
  }

  #quantOf = (t: number): Quantization => this.tensors[t].quant!;
}
