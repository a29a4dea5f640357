import type { Layer } from '../layer.ts';
import { BASIC } from './basic.ts';
import { CONVOLUTIONS } from './convolution.ts';
import { IMAGES } from './images.ts';
import { RECURRENT } from './recurrent.ts';

/** Layer classes of Keras by name. */
export const LAYERS: Readonly<Record<string, Layer>> = { ...CONVOLUTIONS, ...BASIC, ...IMAGES, ...RECURRENT };
