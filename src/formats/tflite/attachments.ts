import { type Zippable, zipSync } from 'fflate';
import { unzip } from '../../data/zip.ts';
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

/** Metadata about the .tflite file itself: it means nothing in another format. */
export const isAboutFile = (name: string): boolean => ABOUT[name] !== undefined && ABOUT[name] !== 'interface';

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
 * @param file inputs, outputs and tensors as in the file
 */
export function readAttachments(
  model: FlatTable,
  tables: readonly FlatTable[],
  file: Pick<Graph, 'inputs' | 'outputs'>,
  about: Attachments['about'],
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
    files: filesBehind(model.file.bytes, notes),
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

/** Files that the metadata writer of TensorFlow Lite appends as a zip archive whose offsets count from the model's first byte. */
function filesBehind(bytes: Uint8Array, notes: string[]): Record<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - END;
  if (end < 0 || view.getUint32(end, true) !== END_MARK) return {};
  try {
    return Object.fromEntries(unzip(bytes, 'the archive behind the model', () => true));
  } catch {
    notes.push('a damaged zip archive behind the model is left out');
    return {};
  }
}

/** Size and marks of a zip archive's parts (PKWARE APPNOTE 6.3.10, sections 4.3.12 and 4.3.16). */
const END = 22;
const END_MARK = 0x06054b50;
const ENTRY_MARK = 0x02014b50;

/** A model with files behind it, not compressed, as readers expect. */
export function withFiles(model: Uint8Array, files: Attachments['files']): Uint8Array {
  if (!Object.keys(files).length) return model;
  const stored: Zippable = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes]));
  const archive = zipSync(stored, { level: 0, mtime: new Date(1980, 0, 1) });
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const move = (at: number) => view.setUint32(at, view.getUint32(at, true) + model.length, true);
  let entry = view.getUint32(archive.length - END + 16, true);
  while (view.getUint32(entry, true) === ENTRY_MARK) {
    move(entry + 42);
    entry += 46 + view.getUint16(entry + 28, true) + view.getUint16(entry + 30, true) + view.getUint16(entry + 32, true);
  }
  move(archive.length - END + 16);
  const all = new Uint8Array(model.length + archive.length);
  all.set(model);
  all.set(archive, model.length);
  return all;
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
  const isTrue = (name: string) => !ABOUT[name] || same[ABOUT[name]];
  const lost = metadata.filter(({ name }) => !isTrue(name)).map(({ name }) => `the metadata "${name}"`);
  const fits = (s: Signature) =>
    s.inputs.every(([, place]) => place < graph.inputs.length) && s.outputs.every(([, place]) => place < graph.outputs.length);
  lost.push(...signatures.filter((s) => !fits(s)).map(({ key }) => `the signature "${key}"`));
  return {
    kept: { ...attachments, signatures: signatures.filter(fits), metadata: metadata.filter((m) => isTrue(m.name)), files },
    notes: lost.map((what) => `${what} of the original file is no longer true and left out`),
  };
}
