import { defineOp } from './op.ts';
import { type Block, deepView, imageBlocks, spaceCells, spaceOnnx, spaceTflite } from './space_cells.ts';

/** [n, h, w, block * block * c] to [n, h * block, w * block, c] */
export const depthToSpace = defineOp<Block>({
  ...spaceCells('depth to space', deepView),
  infer([x], a) {
    imageBlocks('depth to space', x!, a, x![3] % a.block ** 2 === 0);
    const [n, h, w, c] = x!;
    return [[n, h * a.block, w * a.block, c / a.block ** 2]];
  },
  tflite: spaceTflite(5),
  onnx: spaceOnnx('DepthToSpace'),
});
