import { fromBinary } from '@bufbuild/protobuf';
import { CompressError } from '../../errors.ts';
import { type AttributeProto, type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto } from './generated/onnx_pb.ts';

export const badFile = (what: string, fix = 'give a complete .onnx file, as the exporter wrote it'): CompressError =>
  new CompressError('bad-file', `not a valid .onnx file: ${what}`, fix);

export const unsupported = (what: string, fix: string): CompressError => new CompressError('unsupported', what, fix);

/** Operator sets whose operators are known. */
const OLDEST = 7;
const NEWEST = 23;

/** The model's message, its graph, and the operator set of ai.onnx it is written in. */
export function decode(bytes: Uint8Array): { model: ModelProto; graph: GraphProto; opset: number } {
  checkNesting(bytes);
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (e) {
    throw badFile(e instanceof Error ? e.message : String(e));
  }
  if (!model.graph) throw badFile('it holds no graph');
  const own = model.opsetImport.find(({ domain }) => isOnnx(domain));
  const opset = Number(own?.version ?? 0n);
  if (opset < OLDEST || opset > NEWEST) {
    const fix = 'export the model again with opset 13, say (torch.onnx.export(..., opset_version=13))';
    throw unsupported(`the model is written in operator set ${opset}, and ${OLDEST} to ${NEWEST} are known`, fix);
  }
  return { model, graph: model.graph, opset };
}

export const isOnnx = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

/** Messages in a file are objects of some hundred bytes here: more of them than a network needs would only fill the memory. */
const MOST_MESSAGES = 2e6;

/**
 * Walks over the wire format before anything is made of it: messages that are not whole, or that are nested or counted beyond what a network
 * needs, are refused.
 */
function checkNesting(bytes: Uint8Array): void {
  let fields = 0;
  const varint = (at: number, end: number): [value: number, next: number] => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw badFile('it ends within a number');
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return [value, at];
    }
    throw badFile('a number has more than ten bytes');
  };
  const message = (from: number, end: number, level: number): void => {
    for (let at = from; at < end; ) {
      if (++fields > MOST_MESSAGES) throw badFile(`it has more than ${MOST_MESSAGES} fields`);
      let key: number;
      [key, at] = varint(at, end);
      const kind = key & 7;
      if (kind === 0) [, at] = varint(at, end);
      else if (kind === 1) at += 8;
      else if (kind === 5) at += 4;
      else if (kind === 2) {
        let size: number;
        [size, at] = varint(at, end);
        if (at + size > end) throw badFile(`${size} bytes at offset ${at} are missing: the file has ${bytes.length}`);
        const inner = NESTED[level]?.[Math.floor(key / 8)];
        if (inner !== undefined) message(at, at + size, inner);
        at += size;
      } else throw badFile(`a field at offset ${at} is of wire type ${kind}`);
      if (at > end) throw badFile(`it ends within a field at offset ${at}`);
    }
  };
  message(0, bytes.length, MODEL);
}

/** Of the messages that hold others without end: which fields are messages, and of which kind. Numbers are those of onnx.proto. */
const [MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR, OTHER] = [0, 1, 2, 3, 4, 5];
const NESTED: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  [MODEL]: { 7: GRAPH, 8: OTHER, 14: OTHER, 25: GRAPH },
  // of a function, whose nodes are field 7
  [GRAPH]: { 1: NODE, 5: TENSOR, 7: NODE, 11: OTHER, 12: OTHER, 13: OTHER },
  [NODE]: { 5: ATTRIBUTE },
  [ATTRIBUTE]: { 5: TENSOR, 6: GRAPH, 10: TENSOR, 11: GRAPH },
  [TENSOR]: {},
  [OTHER]: {},
};

const INT = 2;

/** Attributes of a node by name, as a row's cell asks for them. */
export class Attributes {
  readonly #left: Map<string, AttributeProto>;

  constructor(
    { attribute }: Pick<NodeProto, 'attribute'>,
    readonly where: string,
  ) {
    this.#left = new Map(attribute.map((a) => [a.name, a]));
  }

  #take(name: string): AttributeProto | undefined {
    const found = this.#left.get(name);
    this.#left.delete(name);
    return found;
  }

  int(name: string, otherwise: number): number {
    const found = this.#take(name);
    return found ? Number(found.i) : otherwise;
  }

  float(name: string, otherwise: number): number {
    const found = this.#take(name);
    if (!found) return otherwise;
    return found.type === INT ? Number(found.i) : found.f;
  }

  text(name: string, otherwise: string): string {
    const found = this.#take(name);
    return found ? new TextDecoder().decode(found.s) : otherwise;
  }

  list(name: string): readonly number[] | null {
    const found = this.#take(name);
    if (!found) return null;
    return found.ints.length ? found.ints.map(Number) : [...found.floats];
  }

  tensor(name: string): AttributeProto['t'] {
    return this.#take(name)?.t;
  }

  texts(name: string): string[] {
    return (this.#take(name)?.strings ?? []).map((s) => new TextDecoder().decode(s));
  }

  /** @throws CompressError `unsupported` where an attribute was not asked for */
  finish(): void {
    const [name] = this.#left.keys();
    if (name === undefined) return;
    throw unsupported(`${this.where} has the attribute "${name}", which is not known`, 'export the model with plain operators');
  }
}
