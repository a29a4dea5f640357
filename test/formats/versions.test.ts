/** Versions of operators where more than the input's type matters, as tensorflow/lite/tools/versioning/op_version.cc lists them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { operatorVersion, type Signature } from '../../src/formats/tflite/versions.ts';

const image = [1, 8, 8, 4];
const plain: Signature = {
  code: 0,
  options: {},
  dtypes: ['i8', 'i8'],
  shapes: [image, [4, 3, 3, 4]],
  output: 'i8',
  rescale: 0.5,
};

const CASES: readonly [string, Partial<Signature>, number][] = [
  ['a convolution in groups', { code: 3, shapes: [image, [4, 3, 3, 2]] }, 6],
  ['a convolution with int4 weights', { code: 3, dtypes: ['i8', 'i4'] }, 7],
  [
    'a float depthwise convolution that skips places',
    { code: 4, dtypes: ['f32', 'f32'], options: { dilation_h_factor: 2, dilation_w_factor: 1 } },
    2,
  ],
  ['a depthwise convolution with int4 weights', { code: 4, dtypes: ['i8', 'i4'] }, 7],
  ['a dense layer with int4 weights', { code: 9, dtypes: ['i8', 'i4', 'i32'] }, 10],
  ['a dense layer without a bias', { code: 9 }, 6],
  ['a dense layer that keeps its dimensions', { code: 9, dtypes: ['f32', 'f32', 'f32'], options: { keep_num_dims: true } }, 5],
  ['an int8 product whose output has the finer steps', { code: 18, rescale: 1.5 }, 3],
  ['a transposed convolution with a bias', { code: 67, dtypes: ['i32', 'i8', 'i8', 'i32'] }, 3],
  [
    'a transposed convolution with an activation',
    { code: 67, dtypes: ['i32', 'i8', 'i8', 'i32'], options: { fused_activation_function: 1 } },
    4,
  ],
  ['enlarging from the middles of pixels', { code: 23, options: { half_pixel_centers: true } }, 3],
  ['enlarging from corner to corner', { code: 97, options: { align_corners: true } }, 3],
  ['a split, whose axis comes first', { code: 49, dtypes: ['i32', 'i8'] }, 2],
  ['an int16 output of a quantization', { code: 114, dtypes: ['f32'], output: 'i16' }, 2],
];

for (const [what, signature, version] of CASES) {
  test(`${what}: version ${version}`, () => {
    assert.is(operatorVersion({ ...plain, ...signature }), version);
  });
}

test.run();
