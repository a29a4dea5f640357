import type { Attachments, Graph, Signature } from '../../graph/graph.ts';
import { badFile, type FlatTable } from './flat.ts';
import { BUFFER, METADATA, MODEL, SIGNATURE, TENSOR, TENSOR_MAP } from './schema.ts';

/** What metadata of a known name is about: it is true while that stays. Others are the user's own and always kept. */
const ABOUT: Readonly<Record<string, 'interface' | 'operators' | 'places'>> = {
  TFLITE_METADATA: 'interface',
  CONVERSION_METADATA: 'operators',
  min_runtime_version: 'operators',
  OfflineMemoryAllocation: 'places',
};

/** Size and mark of a zip archive's last part (PKWARE APPNOTE 6.3.10, section 4.3.16). */
export const END = 22;
const END_MARK = 0x06054b50;

/** Whether a zip archive is behind the model: files that the metadata writer of TensorFlow Lite appends. */
export function hasFilesBehind(bytes: Uint8Array): boolean {
  const at = bytes.length - END;
  return at >= 0 && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true) === END_MARK;
}

/** Metadata about the .tflite file itself: it means nothing in another format. */
export const isAboutFile = (name: string): boolean => Object.hasOwn(ABOUT, name) && ABOUT[name] !== 'interface';

/** The types, shapes and scales of a graph's inputs and outputs, as a text to compare. */
export const interfaceText = ({ tensors, inputs, outputs }: Graph): string =>
  JSON.stringify(
    [inputs, outputs].map((list) =>
      list.map((t) => [tensors[t].dtype, tensors[t].shape, tensors[t].quant?.scales, tensors[t].quant?.zeros]),
    ),
  );

/** Operators by code and version, each once, as a text to compare. */
export const operatorsText = (operators: readonly { readonly code: number; readonly version: number }[]): string =>
  [...new Set(operators.map(({ code, version }) => `${code}.${version}`))].sort().join(' ');

/** Whether a runtime that knows the operators of `before` knows those of `now`: no other ones, in no later versions. */
function asksNoMore(now: string, before: string): boolean {
  const latest = new Map<string, number>();
  for (const [code, version] of before.split(' ').map((o) => o.split('.')))
    latest.set(code, Math.max(latest.get(code) ?? 0, +version));
  return now.split(' ').every((o) => +o.split('.')[1] <= (latest.get(o.split('.')[0]) ?? 0));
}

/**
 * What a file says beside its main graph. `notes` gets what is not kept.
 *
 * @param file  inputs, outputs and tensors as in the file
 * @param files those behind the model
 */
export function readAttachments(
  model: FlatTable,
  tables: readonly FlatTable[],
  file: Pick<Graph, 'inputs' | 'outputs'>,
  about: Attachments['about'],
  files: Attachments['files'],
  notes: string[],
): Attachments {
  const buffers = model.tables(MODEL.buffers);
  const metadata = model.tables(MODEL.metadata).map((table) => {
    const place = table.u32(METADATA.buffer);
    if (place >= buffers.length) throw badFile(`its metadata name buffer ${place} of ${buffers.length}`);
    return { name: table.string(METADATA.name), bytes: Uint8Array.from(buffers[place].bytes(BUFFER.data)) };
  });
  const signatureOf = (t: number) => tables[t].i32s(TENSOR.shapeSignature);
  const ends = [...file.inputs, ...file.outputs];
  return {
    format: 'tflite',
    description: model.string(MODEL.description),
    signatures: model.tables(MODEL.signatures).flatMap((table) => readSignature(table, file, notes)),
    metadata,
    files,
    anyBatch: ends.length > 0 && ends.every((t) => signatureOf(t)[0] === -1 && !signatureOf(t).slice(1).includes(-1)),
    about,
  };
}

function readSignature(table: FlatTable, { inputs, outputs }: Pick<Graph, 'inputs' | 'outputs'>, notes: string[]): Signature[] {
  const key = table.string(SIGNATURE.key);
  const places = (id: number, list: readonly number[]) =>
    table.tables(id).map((m) => [m.string(TENSOR_MAP.name), list.indexOf(m.u32(TENSOR_MAP.tensor))] as const);
  const signature = { key, inputs: places(SIGNATURE.inputs, inputs), outputs: places(SIGNATURE.outputs, outputs) };
  const isOther = table.u32(SIGNATURE.subgraph) > 0;
  if (!isOther && [...signature.inputs, ...signature.outputs].every(([, place]) => place >= 0)) return [signature];
  notes.push(
    `the signature "${key}" is ${isOther ? 'of another graph than the first' : 'not of the inputs and outputs'} and left out`,
  );
  return [];
}

/** What of a graph's attachments a file with these operators may say, and what it may not any more. */
export function stillTrue(graph: Graph, operators: string): { kept: Attachments | null; notes: string[] } {
  const { attachments } = graph;
  if (attachments?.format !== 'tflite')
    return { kept: attachments ? { ...attachments, metadata: [], files: {} } : null, notes: [] };
  const { about, signatures, metadata, files } = attachments;
  const same = {
    interface: about.interface === interfaceText(graph),
    operators: asksNoMore(operators, about.operators),
    places: false,
  };
  const isTrue = (name: string) => !Object.hasOwn(ABOUT, name) || same[ABOUT[name]];
  const lost = metadata.filter(({ name }) => !isTrue(name)).map(({ name }) => `the metadata "${name}"`);
  const fits = (s: Signature) =>
    s.inputs.every(([, place]) => place < graph.inputs.length) && s.outputs.every(([, place]) => place < graph.outputs.length);
  lost.push(...signatures.filter((s) => !fits(s)).map(({ key }) => `the signature "${key}"`));
  return {
    kept: { ...attachments, signatures: signatures.filter(fits), metadata: metadata.filter((m) => isTrue(m.name)), files },
    notes: lost.map((what) => `${what} of the original file is no longer true and left out`),
  };
}
