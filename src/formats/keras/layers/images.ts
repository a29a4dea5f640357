import type { Call, Layer } from '../layer.ts';

/** Pooling, sizes of images, and normalization. */

const plain = { activation: 'none' };

const pool = (op: string): Layer => ({
  build(call) {
    const { x, back } = call.image();
    const filter = call.pair('pool_size', [2, 2]);
    const stride = call.config.strides === null || call.config.strides === undefined ? filter : call.pair('strides', filter);
    return back(call.emit(op, [x], { filter, stride, padding: call.text('padding', 'valid').toLowerCase(), activation: 'none' }));
  },
});

/** Over all places of an image; what has one value for each is kept or dropped. */
const global = (op: string): Layer => ({
  build(call) {
    const { x, back } = call.image();
    const [, h, w] = call.shape(x);
    const all = { filter: [h, w], stride: [1, 1], padding: 'valid', activation: 'none' };
    const y = op === 'mean' ? call.emit('mean', [x], { axes: [1, 2], keepDims: true }) : call.emit(op, [x], all);
    return call.flag('keepdims', false) ? back(y) : call.relabel(y, [0, 3]);
  },
});

/** [top, bottom, left, right] from [[top, bottom], [left, right]], [rows, columns] or one number. */
function around(call: Call, name: string): [number, number, number, number] {
  const list = call.list(name) ?? [1];
  if (call.shape().length === 3) return [0, 0, list[0], list[1] ?? list[0]];
  if (list.length === 4) return list as [number, number, number, number];
  const [rows, columns = rows] = list;
  return [rows, rows, columns, columns];
}

const padded: Layer = {
  build(call) {
    const { x, back } = call.image();
    const [top, bottom, left, right] = around(call, 'padding');
    // biome-ignore format: one pair for each dimension
    return back(call.emit('pad', [x], { paddings: [[0, 0], [top, bottom], [left, right], [0, 0]], value: 0 }));
  },
};

const cropped: Layer = {
  build(call) {
    const { x, back } = call.image();
    const [top, bottom, left, right] = around(call, 'cropping');
    const [, h, w] = call.shape(x);
    const far = 0x7fffffff;
    const attrs = { begin: [0, top, left, 0], end: [far, h - bottom, w - right, far], strides: [1, 1, 1, 1], shrink: [] };
    return back(call.emit('stridedSlice', [x], attrs));
  },
};

const enlarged: Layer = {
  build(call) {
    const { x, back } = call.image();
    const [, h, w] = call.shape(x);
    const [rows, columns] = call.pair('size', [2, 2]);
    const how = call.text('interpolation', 'nearest');
    if (how !== 'nearest' && how !== 'bilinear') throw call.refuse(`interpolates by "${how}"`, 'use nearest or bilinear');
    const size = [h * rows, w * columns];
    // nearest by whole factors is the same with and without centres
    const attrs = { size, alignCorners: false, halfPixelCenters: how === 'bilinear' };
    return back(call.emit(how === 'nearest' ? 'resizeNearest' : 'resizeBilinear', [x], attrs));
  },
};

const rolesOfNorm: NonNullable<Layer['roles']> = (config) => [
  ...(config.scale === false ? [] : ['gamma']),
  ...(config.center === false ? [] : ['beta']),
  'moving_mean',
  'moving_variance',
];

const batchNorm: Layer = {
  roles: rolesOfNorm,
  build(call) {
    const shape = call.shape();
    const stated = call.list('axis')?.[0] ?? -1;
    const axis = stated < 0 ? stated + shape.length : stated;
    const roles = rolesOfNorm(call.config);
    const vector = (role: string, value: number) =>
      roles.includes(role)
        ? call.weight(role, [])
        : call.constant(role, [shape[axis]], new Array<number>(shape[axis]).fill(value));
    const operands = [vector('gamma', 1), vector('beta', 0), vector('moving_mean', 0), vector('moving_variance', 1)];
    const order = [...shape.map((_, i) => i).filter((i) => i !== axis), axis];
    const isLast = axis === shape.length - 1;
    const x = isLast ? call.inputs[0] : call.relabel(call.inputs[0], order);
    const y = call.emit('batchNorm', [x, ...operands], { epsilon: call.number('epsilon', 1e-3) });
    return isLast
      ? y
      : call.relabel(
          y,
          order.map((_, i) => order.indexOf(i)),
        );
  },
};

/** x * scale + offset */
function affine(call: Call, scale: readonly number[], offset: readonly number[]): number {
  const times = call.emit('mul', [call.inputs[0], call.constant('scale', [scale.length], scale)], plain);
  return offset.every((v) => v === 0)
    ? times
    : call.emit('add', [times, call.constant('offset', [offset.length], offset)], plain);
}

/** (x - mean) / sqrt(variance), with numbers of its configuration or learned by adapt(). */
const normalization: Layer = {
  roles: (config) => (config.mean === null || config.mean === undefined ? ['mean', 'variance', 'count'] : []),
  build(call) {
    const isTold = call.config.mean !== null && call.config.mean !== undefined;
    const [mean, variance] = ['mean', 'variance'].map((role) =>
      isTold ? (call.list(role) ?? []) : Array.from(call.weights(role).data),
    );
    const axis = call.list('axis');
    if (axis && (axis.length > 1 || ![-1, call.shape().length - 1].includes(axis[0])))
      throw call.refuse('normalizes along other axes than the last', 'use axis=-1');
    const scale = variance.map((v) => 1 / Math.max(Math.sqrt(v), 1e-7));
    return affine(
      call,
      scale,
      mean.map((m, i) => -m * scale[i]),
    );
  },
};

const rescaling: Layer = {
  build(call) {
    const [scale, offset] = [call.list('scale') ?? [1], call.list('offset') ?? [0]];
    return affine(call, scale, offset);
  },
};

export const IMAGES: Readonly<Record<string, Layer>> = {
  MaxPooling1D: pool('maxPool2d'),
  MaxPooling2D: pool('maxPool2d'),
  AveragePooling1D: pool('avgPool2d'),
  AveragePooling2D: pool('avgPool2d'),
  GlobalAveragePooling1D: global('mean'),
  GlobalAveragePooling2D: global('mean'),
  GlobalMaxPooling1D: global('maxPool2d'),
  GlobalMaxPooling2D: global('maxPool2d'),
  ZeroPadding1D: padded,
  ZeroPadding2D: padded,
  Cropping1D: cropped,
  Cropping2D: cropped,
  UpSampling1D: enlarged,
  UpSampling2D: enlarged,
  BatchNormalization: batchNorm,
  BatchNormalizationV1: batchNorm,
  BatchNormalizationV2: batchNorm,
  Normalization: normalization,
  Rescaling: rescaling,
};
