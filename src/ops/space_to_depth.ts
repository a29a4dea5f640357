import { defineOp } from './op.ts';
import { type Block, imageBlocks, spaceCells, spaceOnnx, spaceTflite, wideView } from './space_cells.ts';

/** [n, h * block, w * block, c] to [n, h, w, block * block * c] */
export const spaceToDepth = defineOp<Block>({
  ...spaceCells('space to depth', wideView),
  infer([x], a) {
    imageBlocks('space to depth', x!, a, x![1] % a.block === 0 && x![2] % a.block === 0);
    const [n, h, w, c] = x!;
    return [[n, h / a.block, w / a.block, c * a.block ** 2]];
  },
  tflite: spaceTflite(26),
  onnx: spaceOnnx('SpaceToDepth'),
});
