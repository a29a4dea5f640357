import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { bytesOf, sizeOf } from '../../src/graph/graph.ts';
import { mixOf, unitsOf } from '../../src/mcu/cycles.ts';
import { costsOf, onChip } from '../../src/mcu/graph_cost.ts';
import { coefficientsOf, executedBy, instructionsOf } from '../../src/mcu/instructions.ts';
import type { CoreName } from '../../src/targets/index.ts';
import { KINDS } from '../../src/targets/kinds.ts';
import { type Case, ONE } from '../count/geometry.ts';
import { kernelOf } from './instructions.ts';

/** Instructions by counted core, and bytes of weights, of a network that measurements name. */
export interface Network {
  readonly macs: number;
  readonly weightBytes: number;
  /** Cycles that the costs of the classes say: of `core`, which runs what was counted on `counted`. */
  units(counted: string, core: CoreName): number;
}

export function fromFile(folder: string, name: string): Network {
  const graph = importTflite(new Uint8Array(readFileSync(join(folder, `${name}.tflite`))));
  const chip = onChip(graph);
  const costs = (core: string) => costsOf(chip, KINDS[core as CoreName]);
  return {
    macs: costs('cortex-m4').reduce((n, c) => n + c.macs, 0),
    weightBytes: graph.tensors.reduce((n, t) => n + (t.data ? bytesOf(t.dtype, sizeOf(t.shape)) : 0), 0),
    units: (counted, core) =>
      costs(counted).reduce((n, c) => n + unitsOf(core, instructionsOf(c, counted as CoreName), mixOf(c.kernel?.name ?? '')), 0),
  };
}

/** Layers one after another, SAME padding. */
class Builder {
  readonly layers: Case[] = [];
  constructor(
    public size: number,
    public channels: number,
  ) {}
  private add(kernel: string, filter: number, stride: number, oc: number) {
    const out = Math.ceil(this.size / stride);
    const before = Math.max(0, (out - 1) * stride + filter - this.size) >> 1;
    this.layers.push({
      ...ONE,
      kernel,
      h: this.size,
      w: this.size,
      c: this.channels,
      oh: out,
      ow: out,
      oc,
      fh: filter,
      fw: filter,
      sh: stride,
      sw: stride,
      ph: before,
      pw: before,
    });
    this.size = out;
    this.channels = oc;
    return this;
  }
  conv = (filter: number, stride: number, oc: number) => this.add('convolve_s8', filter, stride, oc);
  depthwise = (stride: number) => this.add('depthwise_conv_s8', 3, stride, this.channels);
  pool = (filter: number, stride: number) => this.add('max_pool_s8', filter, stride, this.channels);
  dense(units: number) {
    this.layers.push({ ...ONE, kernel: 'fully_connected_s8', c: this.size * this.size * this.channels, oc: units });
    this.size = 1;
    this.channels = units;
    return this;
  }
  global() {
    this.add('avg_pool_s8', this.size, this.size, this.channels);
    return this;
  }
  build(): Network {
    const layers = this.layers;
    const weights = (c: Case) => (/pool/.test(c.kernel) ? 0 : c.fh * c.fw * c.oc * (/depth/.test(c.kernel) ? 1 : c.c));
    return {
      macs: layers.reduce((n, c) => n + (/fully/.test(c.kernel) ? weights(c) : weights(c) * c.oh * c.ow), 0),
      weightBytes: layers.reduce((n, c) => n + weights(c), 0),
      units: (counted, core) =>
        layers.reduce((n, c) => {
          const { kernel, features } = kernelOf(counted, c);
          return n + unitsOf(core, executedBy(coefficientsOf(counted as CoreName, kernel), features), mixOf(kernel.name));
        }, 0),
    };
  }
}

export function mobilenetV1(alpha: number, size: number, channels: number, classes: number): Network {
  const b = new Builder(size, channels).conv(3, 2, 32 * alpha);
  const blocks = [
    [1, 64],
    [2, 128],
    [1, 128],
    [2, 256],
    [1, 256],
    [2, 512],
    [1, 512],
    [1, 512],
    [1, 512],
    [1, 512],
    [1, 512],
    [2, 1024],
    [1, 1024],
  ];
  for (const [stride, out] of blocks) b.depthwise(stride).conv(1, 1, out * alpha);
  return b.global().dense(classes).build();
}

/** TinyMaix's cifar10 (stride 2 in the convolutions) and CMSIS-NN's (pools between them). */
export const cifarStrided = () => new Builder(32, 3).conv(5, 2, 32).conv(5, 2, 32).conv(5, 2, 64).dense(10).build();
export const cifarPooled = () =>
  new Builder(32, 3).conv(5, 1, 32).pool(3, 2).conv(5, 1, 32).pool(3, 2).conv(5, 1, 64).pool(3, 2).dense(10).build();
/** One 3x3 convolution of 16 channels at 32x32. */
export const oneConvolution = () => new Builder(32, 16).conv(3, 1, 16).build();
