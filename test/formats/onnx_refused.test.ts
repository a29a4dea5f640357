/** What the ONNX reader does not take is refused by name. */
import { test } from 'uvu';
import { floats, type HandModel, int8s, int64s, onnxFile } from './onnx_file.ts';
import { node, refused, relu } from './onnx_hand.ts';

test('what cannot be read is named', async () => {
  const attempt = async (model: HandModel, ...rest: [string, RegExp, RegExp?]) => refused(onnxFile(model), ...rest);
  await attempt(
    { ...relu, nodes: [node('Relu', 'x', 'y', { extra: 1 })] },
    'unsupported',
    /operator 0 \(Relu, output "y"\) has the attribute "extra"/,
  );
  await attempt(
    { ...relu, nodes: [node('NonMaxSuppression', 'x', 'y')] },
    'unsupported',
    /NonMaxSuppression.*not supported/,
    /Conv.*Gemm/,
  );
  for (const type of ['constructor', '__proto__', 'toString'])
    await attempt({ ...relu, nodes: [node(type, 'x', 'y')] }, 'unsupported', /is not supported/);
  await attempt({ ...relu, nodes: [{ ...node('Relu', 'x', 'y'), domain: 'com.mine' }] }, 'unsupported', /domain "com.mine"/);
  await attempt(
    { ...relu, inputs: { x: ['N', 'T'] } },
    'unsupported',
    /dimension 1 of the input "x" is open \("T"\)/,
    /fixed sizes/,
  );
  await attempt(
    { ...relu, inputs: { x: [1, 4] }, nodes: [node('Pad', 'x p', 'y')], constants: { p: int64s(0, 0, 0, 2 ** 40) } },
    'bad-file',
    /"y" is computed with the shape \[1, 1099511627780\]/,
  );
  await attempt({ ...relu, opset: 6 }, 'unsupported', /operator set 6/);
  await attempt({ ...relu, opset: 99 }, 'unsupported', /operator set 99/);
  await attempt({ ...relu, nodes: [node('Relu', 'z', 'y')] }, 'bad-file', /reads "z", which nothing computes/);
  for (const type of ['Cast', 'Shape', 'Add', 'Range', 'Tile', 'Concat', 'Split', 'Reshape'])
    await attempt({ ...relu, nodes: [node(type, '', 'a'), node('Add', 'x a', 'y')] }, 'bad-file', /lacks operand 0/);
  const huge = { one: int64s(1), many: int64s(4096, 4096), end: int64s(2 ** 40) };
  for (const [type, inputs] of [
    ['ConstantOfShape', 'many'],
    ['Expand', 'one many'],
    ['Tile', 'one end'],
    ['Range', 'one end one'],
  ])
    await attempt(
      { ...relu, constants: huge, nodes: [node(type, inputs, 'a'), node('Add', 'x a', 'y')] },
      'unsupported',
      /makes a constant of shape/,
    );
  await attempt({ ...relu, outputs: ['z'] }, 'bad-file', /output "z" is never computed/);
  await attempt(
    { ...relu, nodes: [node('Add', 'x b', 'a'), node('Relu', 'a', 'b'), node('Relu', 'b', 'y')] },
    'bad-file',
    /wait for each other in a circle/,
  );
  const w = floats([4, 2], [1, 2, Number.NaN, 4, 5, 6, 7, 8]);
  await attempt({ ...relu, constants: { w }, nodes: [node('MatMul', 'x w', 'y')] }, 'bad-file', /the constant "w" is NaN/);
});

test('what would be computed otherwise than the file says is refused', async () => {
  const attempt = async (model: HandModel, what: RegExp) => refused(onnxFile(model), 'unsupported', what);
  const image = { inputs: { x: [1, 2, 4, 4] }, outputs: ['y'] };
  const four = 's b m v'.split(' ').map((name) => [name, [2]] as const);
  await attempt(
    { ...image, inputs: { ...image.inputs, ...Object.fromEntries(four) }, nodes: [node('BatchNormalization', 'x s b m v', 'y')] },
    /operand 1 "s" is computed/,
  );
  const linear = (attributes: HandModel['nodes'][number]['attributes'], s: readonly number[]): HandModel => ({
    ...image,
    opset: 18,
    constants: { s: floats([s.length], s) },
    nodes: [node('Resize', 'x  s', 'y', { mode: 'linear', ...attributes })],
  });
  await attempt(linear({}, [1, 1, 0.6, 0.6]), /factors that do not give whole numbers of pixels/);
  await attempt(linear({}, [1, 2, 2, 2]), /a resize of .*2.* to .*4/);
  await attempt(linear({ keep_aspect_ratio_policy: 'not_larger' }, [1, 1, 2, 2]), /keep_aspect_ratio_policy "not_larger"/);
  await attempt(linear({ coordinate_transformation_mode: 'pytorch_half_pixel' }, [1, 1, 0.25, 1]), /one pixel/);
  const pool = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1, ceil_mode: 1 };
  await attempt({ ...image, nodes: [node('AveragePool', 'x', 'y', pool)] }, /counts the padding, of ceil_mode/);
  await attempt({ ...image, nodes: [node('Identity', 'x', 'y')] }, /the output "y" is an input as it is/);
  const constants = { w: floats([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), b: floats([3, 2], [1, 2, 3, 4, 5, 6]) };
  await attempt(
    { inputs: { x: [3, 4] }, outputs: ['y'], constants, nodes: [node('Gemm', 'x w b', 'y')] },
    /adds other numbers to each example/,
  );
  const scales = { s: floats([2], [0.5, 0.25]), one: floats([], [0.5]), three: int8s([], [3]), zero: int8s([], [0]) };
  await attempt(
    { ...image, constants: scales, nodes: [node('QuantizeLinear', 'x one zero', 'q'), node('DequantizeLinear', 'q s', 'y')] },
    /quantizes activations by channel/,
  );
  await attempt(
    {
      ...image,
      constants: scales,
      nodes: [node('QuantizeLinear', 'x one zero', 'q'), node('DequantizeLinear', 'q one three', 'y')],
    },
    /another scale or zero point/,
  );
});

test.run();
