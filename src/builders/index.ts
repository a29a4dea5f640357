/** Small networks with random weights, for a task and data: a model to start from, or a student. */
import * as v from 'valibot';
import type { DataInput } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { checkOptions } from '../options/index.ts';
import { type Builder, buildNetwork, type Value } from '../run/build.ts';
import { rulesOf, type TaskName } from '../task/index.ts';
import { type BuilderKind, type BuilderOptions, builderFields, channelsOf } from './body.ts';
import { conv1d } from './conv1d.ts';
import { conv2d } from './conv2d.ts';
import { dense } from './dense.ts';
import { dsCnn } from './ds_cnn.ts';
import { resnet } from './resnet.ts';

export { builderFields } from './body.ts';
export { builtFor } from './for_input.ts';
export { reinitialized } from './reinitialize.ts';

export const BUILDERS: Readonly<Record<string, BuilderKind>> = { dense, conv1d, conv2d, 'ds-cnn': dsCnn, resnet };

export const isBuilder = (name: string): boolean => Object.hasOwn(BUILDERS, name);

const builderSchema = v.object(builderFields);

/** What a network is built for. */
export interface Purpose {
  readonly inputs: readonly DataInput[];
  readonly task: TaskName;
  /** Classes, labels or values; of a binary task 1, of a reconstruction the first input's size. */
  readonly outputs: number;
  readonly seed: number;
}

/**
 * A network of a kind, with random weights.
 *
 * Several inputs have a body each, whose features a dense layer reads together; one that the kind cannot read (a vector beside pictures) has
 * dense layers.
 *
 * @throws CompressError `bad-option` for a kind that does not exist or cannot read such inputs
 */
export function buildModel(name: string, purpose: Purpose, given: v.InferInput<typeof builderSchema> = {}): Graph {
  const options = checkOptions(builderSchema, given, 'train');
  const { inputs, task, outputs, seed } = purpose;
  const kinds = inputs.map(({ shape }) => kindFor(name, shape, inputs.length > 1));
  const shapeOf = (i: number) => kinds[i].reads(inputs[i].shape);
  const net = buildNetwork(name, shapeOf(0), seed, inputs[0].name);
  const values = inputs.map((input, i) => (i === 0 ? net.input : net.addInput(input.name, shapeOf(i))));
  const features = values.map((x, i) => kinds[i].features(net, x, options));
  return net.finish(headOf(net, together(net, features, options), task, outputs));
}

function kindFor(name: string, shape: readonly number[], several: boolean): BuilderKind {
  const kind = BUILDERS[name];
  if (!kind)
    throw new CompressError('bad-option', `there is no builder "${name}"`, `builders are ${Object.keys(BUILDERS).join(', ')}`);
  if (kind.dimensions.includes(shape.length)) return kind;
  if (several) return dense;
  const others = Object.keys(BUILDERS).filter((other) => BUILDERS[other].dimensions.includes(shape.length));
  throw new CompressError(
    'bad-option',
    `"${name}" does not read examples of [${shape}]`,
    `choose ${others.join(' or ')}, or give the data another shape`,
  );
}

/** What inputs mean together is more than a sum of what each means: a layer reads the features of all. */
function together(net: Builder, features: readonly Value[], options: BuilderOptions): Value {
  const several = features.length > 1;
  const all = several ? net.dense(net.concat(features), channelsOf(32, options), { activation: 'relu' }) : features[0];
  return options.dropout > 0 ? net.dropout(all, options.dropout) : all;
}

function headOf(net: Builder, features: Value, task: TaskName, outputs: number): Value {
  const y = net.dense(features, outputs);
  const { activation } = rulesOf(task);
  return activation === 'softmax' ? net.softmax(y) : activation === 'logistic' ? net.sigmoid(y) : y;
}
