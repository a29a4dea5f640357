import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from '../../src/formats/onnx/generated/onnx_pb.ts';

/** ONNX files written by hand, for what exporters do and what they should not. */

type Value = number | readonly number[] | string | { readonly float: number } | TensorProto;

export interface HandNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Value>>;
  readonly domain?: string;
}

export interface HandModel {
  readonly opset?: number;
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: readonly string[];
  readonly constants?: Readonly<Record<string, TensorProto>>;
  readonly nodes: readonly HandNode[];
  readonly metadata?: Readonly<Record<string, string>>;
}

export const floats = (dims: readonly number[], values: ArrayLike<number>): TensorProto =>
  create(TensorProtoSchema, { dims: dims.map(BigInt), dataType: 1, rawData: new Uint8Array(Float32Array.from(values).buffer) });

export const int64s = (...values: readonly number[]): TensorProto =>
  create(TensorProtoSchema, { dims: [BigInt(values.length)], dataType: 7, int64Data: values.map(BigInt) });

export const int8s = (dims: readonly number[], values: ArrayLike<number>, type = 3): TensorProto =>
  create(TensorProtoSchema, { dims: dims.map(BigInt), dataType: type, rawData: Uint8Array.from(values, (v) => v & 255) });

function attribute(name: string, value: Value): AttributeProto {
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: 3, s: new TextEncoder().encode(value) });
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: 2, i: BigInt(value) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: 1, f: value.float });
  if (Array.isArray(value)) return create(AttributeProtoSchema, { name, type: 7, ints: value.map(BigInt) });
  return create(AttributeProtoSchema, { name, type: 4, t: value as TensorProto });
}

function info(name: string, dims: readonly (number | string)[], elemType = 1) {
  const dim = dims.map((d) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof d === 'string' ? { case: 'dimParam', value: d } : { case: 'dimValue', value: BigInt(d) },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, { dim }) });
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }) });
}

export function onnxFile({ opset = 13, inputs, outputs, constants = {}, nodes, metadata = {} }: HandModel): Uint8Array {
  const graph = create(GraphProtoSchema, {
    name: 'main',
    input: Object.entries(inputs).map(([name, dims]) => info(name, dims)),
    output: outputs.map((name) => info(name, [])),
    initializer: Object.entries(constants).map(([name, t]) => ({ ...t, name })),
    node: nodes.map((n) =>
      create(NodeProtoSchema, {
        opType: n.type,
        input: [...n.inputs],
        output: [...n.outputs],
        domain: n.domain ?? '',
        attribute: Object.entries(n.attributes ?? {}).map(([name, value]) => attribute(name, value)),
      }),
    ),
  });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
    graph,
    metadataProps: Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
  return toBinary(ModelProtoSchema, model);
}
