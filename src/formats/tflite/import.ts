import { CompressError } from '../../errors.ts';
import { type Attachments, bytesOf, type Graph, type Node, type Quantization, sizeOf, type Tensor } from '../../graph/graph.ts';
import { type AnyRow, OPS, type TfliteOptions, type TfliteRead } from '../../ops/index.ts';
import { dequantize } from '../../run/integer.ts';
import { checked } from '../checked.ts';
import type { FileModel } from '../format.ts';
import { located } from '../located.ts';
import { operandsOf } from '../operands.ts';
import { interfaceText, operatorsText, readAttachments } from './attachments.ts';
import { foldDilations } from './dilations.ts';
import { badFile, FlatFile, type FlatTable } from './flat.ts';
import {
  ASSIGN_VARIABLE,
  builtinName,
  CALL_ONCE,
  CUSTOM,
  DEQUANTIZE,
  IDENTIFIER,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  OPTIONS,
  PLACEHOLDER,
  SUBGRAPH,
  VERSION,
} from './schema.ts';
import { type Beginning, foldStreams } from './streams.ts';
import { readTensors } from './tensors.ts';
import { unusedParts } from './unused.ts';

/**
 * Reads a TensorFlow Lite file, without files behind it: float, hybrid (integer weights under float arithmetic, which become floats), or full-integer
 * with its exact integers.
 *
 * @throws CompressError `bad-file` for bytes that are not a valid model or a constant that is NaN or infinite, `unsupported` for an operator or type not known
 */
export const importTflite = (bytes: Uint8Array): Graph => readTflite(bytes).graph;

/**
 * The same, with what of the file is not used.
 *
 * @param files those behind the model; null where they are damaged
 */
export function readTflite(bytes: Uint8Array, files: Attachments['files'] | null = {}): FileModel {
  const file = new FlatFile(bytes);
  const model = file.root(IDENTIFIER);
  const version = model.u32(MODEL.version);
  if (version !== VERSION) throw badFile(`its schema is version ${version}, not ${VERSION}`);
  const subgraphs = model.tables(MODEL.subgraphs);
  if (!subgraphs.length) throw badFile('it holds no graph');
  const [main] = subgraphs;
  const codes = model.tables(MODEL.operatorCodes).map(readCode);
  const stored = readTensors(file, main.tables(SUBGRAPH.tensors), model.tables(MODEL.buffers));
  const listed = main.tables(SUBGRAPH.operators).map((t, i) => readOperator(t, i, codes, stored.length));
  const beginning = (graph: number): Beginning => {
    const table = subgraphs[graph];
    if (!table) throw badFile(`CALL_ONCE names graph ${graph} of ${subgraphs.length}`);
    const tensors = readTensors(file, table.tables(SUBGRAPH.tensors), model.tables(MODEL.buffers));
    return { tensors, operators: table.tables(SUBGRAPH.operators).map((t, i) => readOperator(t, i, codes, tensors.length)) };
  };
  const dilated = foldDilations(listed, unfold(stored, listed));
  const { operators, tensors, folded } = foldStreams(dilated.operators, dilated.tensors, beginning);
  const ends = { inputs: main.i32s(SUBGRAPH.inputs), outputs: main.i32s(SUBGRAPH.outputs) };
  const name = main.string(SUBGRAPH.name) || 'main';
  const graph: Graph = { name, tensors, nodes: readNodes(operators, tensors, ends.outputs, dilated.windows), ...ends };
  const floats = floatWeights(graph);
  const found = checked(floats, badFile);
  const notes = [...unusedParts(model, operators, tensors, ends, folded), ...hybridNote(graph, floats)];
  const about = { interface: interfaceText(found), operators: operatorsText(listed) };
  if (!files) notes.push('a damaged zip archive behind the model is left out');
  const attachments = readAttachments(model, main.tables(SUBGRAPH.tensors), ends, about, files ?? {}, notes);
  return { graph: { ...found, attachments }, notes };
}

interface Code {
  readonly code: number;
  readonly version: number;
  readonly custom: string;
}

export interface Operator extends Code {
  readonly index: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly intermediates: readonly number[];
  readonly table: FlatTable;
}

function readCode(table: FlatTable): Code {
  const short = table.i8(OPERATOR_CODE.shortCode);
  // older files have only the byte, newer ones write both where the code fits
  const code = short === PLACEHOLDER ? table.i32(OPERATOR_CODE.code) : Math.max(short, table.i32(OPERATOR_CODE.code));
  const version = table.i32(OPERATOR_CODE.version, 1);
  return { code, version, custom: code === CUSTOM ? table.string(OPERATOR_CODE.customCode) : '' };
}

/** They change state and give nothing. */
const WITHOUT_OUTPUT: ReadonlySet<number> = new Set([CALL_ONCE, ASSIGN_VARIABLE]);

function readOperator(table: FlatTable, index: number, codes: readonly Code[], count: number): Operator {
  const code = codes[table.u32(OPERATOR.code)];
  if (!code) throw badFile(`operator ${index} names code ${table.u32(OPERATOR.code)} of ${codes.length}`);
  const list = (id: number, least: number) => {
    const found = table.i32s(id);
    const wrong = found.find((t) => t < least || t >= count);
    if (wrong !== undefined) throw badFile(`operator ${index} (${builtinName(code.code)}) names tensor ${wrong} of ${count}`);
    return found;
  };
  const [inputs, outputs, intermediates] = [
    list(OPERATOR.inputs, -1),
    list(OPERATOR.outputs, 0),
    list(OPERATOR.intermediates, -1),
  ];
  if (!outputs.length && !WITHOUT_OUTPUT.has(code.code))
    throw badFile(`operator ${index} (${builtinName(code.code)}) has no output`);
  return { ...code, index, table, inputs, outputs, intermediates };
}

/** Constants that the file stores in a smaller type, with a DEQUANTIZE behind them, as the floats they are used as. */
function unfold(stored: readonly Tensor[], operators: readonly Operator[]): Tensor[] {
  const tensors = [...stored];
  for (const { code, inputs, outputs } of operators) {
    const from = tensors[inputs[0]];
    if (code !== DEQUANTIZE || !from?.data || tensors[outputs[0]].dtype !== 'f32') continue;
    const data = from.dtype === 'f32' ? from.data : dequantize(from);
    if (data?.length === from.data.length) tensors[outputs[0]] = { ...tensors[outputs[0]], shape: from.shape, data };
  }
  return tensors;
}

/** QUANTIZE and DEQUANTIZE at a model's edges, SOFTMAX, and what only moves bytes. */
const TAKES_UINT8: ReadonlySet<number> = new Set([114, DEQUANTIZE, 25, 22, 43, 70]);

type Windows = ReturnType<typeof foldDilations>['windows'];

/** Operators that the outputs depend on, by their rows. What only computes shapes falls away: rows know them as attributes. */
function readNodes(
  operators: readonly Operator[],
  tensors: readonly Tensor[],
  outputs: readonly number[],
  windows: Windows,
): Node[] {
  const live = new Set(outputs);
  const nodes: Node[] = [];
  for (const operator of [...operators].reverse()) {
    if (!operator.outputs.some((t) => live.has(t) && !tensors[t].data)) continue;
    const read = readNode(operator, tensors);
    const node = { ...read, attrs: { ...read.attrs, ...windows.get(operator) } };
    for (const t of node.inputs) live.add(t);
    nodes.push(node);
  }
  return nodes.reverse();
}

function readNode(operator: Operator, tensors: readonly Tensor[]): Node {
  const name = tensors[operator.outputs[0]].name;
  const where = `operator ${operator.index} (${operator.custom || builtinName(operator.code)}, output "${name}")`;
  const found = Object.entries(OPS).find(([, row]) => row.tflite?.codes.includes(operator.code));
  if (!found && operator.custom) throw customOperator(operator.custom, where);
  if (!found) {
    throw new CompressError('unsupported', `${where} is not supported`, `build the model from: ${supported().join(', ')}`);
  }
  const [op, row] = found;
  const old = [...operator.inputs, ...operator.outputs].find((t) => t >= 0 && tensors[t].dtype === 'u8' && !tensors[t].data);
  if (old !== undefined && !TAKES_UINT8.has(operator.code)) {
    throw new CompressError(
      'unsupported',
      `${where} works on "${tensors[old].name}" in uint8, the quantization of TensorFlow 1`,
      'convert the model with int8 quantization, or give the float model',
    );
  }
  const { attrs, inputs } = located(where, () => row.tflite!.read(readerOf(operator, tensors, where)));
  return { name, op, inputs, outputs: operator.outputs, attrs };
}

/** Custom operators that compilers leave in a file, and what the file then is. */
const COMPILED: readonly (readonly [RegExp, string, string])[] = [
  [
    /^ethos-u/,
    'compiled by Vela for an Arm Ethos-U: its layers are commands of that processor now',
    'give the .tflite that Vela was given',
  ],
  [
    /^edgetpu/,
    'compiled for the Edge TPU: its layers are commands of that processor now',
    'give the .tflite that edgetpu_compiler was given',
  ],
  [/^Flex/, 'an operator of TensorFlow (select TF ops)', 'convert the model with builtin operators only (TFLITE_BUILTINS)'],
];

function customOperator(custom: string, where: string): CompressError {
  const [, what, fix] = COMPILED.find(([name]) => name.test(custom)) ?? [];
  if (what) return new CompressError('unsupported', `${where} is ${what.startsWith('an ') ? '' : 'of a model '}${what}`, fix!);
  return new CompressError(
    'unsupported',
    `${where} is a custom operator: only its application knows what it does`,
    'build the model without it',
  );
}

const supported = () =>
  Object.values<AnyRow>(OPS)
    .flatMap((row) => row.tflite?.codes ?? [])
    .sort((a, b) => a - b)
    .map(builtinName);

export function readerOf(operator: Operator, tensors: readonly Tensor[], where: string): TfliteRead {
  return {
    ...operandsOf(operator, tensors, where, badFile),
    code: operator.code,
    options: readOptions(operator, where),
    intermediates: operator.intermediates.map((t): Quantization | null => (t < 0 ? null : tensors[t].quant)),
  };
}

function readOptions({ code, table }: Operator, where: string): TfliteOptions {
  const { type, fields } = OPTIONS[code] ?? { type: 0, fields: {} };
  const stated = table.u8(OPERATOR.optionsType);
  const options = table.table(OPERATOR.options);
  if (type && stated && stated !== type) throw badFile(`${where} has options of kind ${stated} instead of ${type}`);
  const present = type === stated ? options : null;
  return Object.fromEntries(
    Object.entries(fields).map(([name, { id, kind, otherwise }]) => {
      if (kind === 'i32s') return [name, present?.i32s(id) ?? []];
      if (kind === 'text') return [name, present?.string(id) ?? ''];
      if (kind === 'bool') return [name, present?.bool(id, Boolean(otherwise)) ?? Boolean(otherwise)];
      return [name, present?.[kind](id, Number(otherwise ?? 0)) ?? Number(otherwise ?? 0)];
    }),
  );
}

/** What became larger by being read. */
function hybridNote({ tensors }: Graph, floats: Graph): string[] {
  const read = tensors.flatMap((t, i) => (t.dtype === floats.tensors[i].dtype ? [] : [t]));
  if (!read.length) return [];
  const total = (of: (t: Tensor) => number) => read.reduce((n, t) => n + of(t), 0);
  const stored = total((t) => bytesOf(t.dtype, sizeOf(t.shape)));
  const held = total((t) => bytesOf('f32', sizeOf(t.shape)));
  return [
    `a hybrid (dynamic range) model, ${read.length === 1 ? 'one tensor' : `${read.length} tensors`} of integer weights under real arithmetic, ${stored} bytes: they are read as floats, ${held} bytes, and so written until the model is quantized`,
  ];
}

/** Integer weights of float operators as the floats they mean: the arithmetic of a hybrid model is float. */
function floatWeights(graph: Graph): Graph {
  const tensors = [...graph.tensors];
  for (const node of graph.nodes) {
    const operands = node.inputs.filter((t) => t >= 0);
    if (!operands.some((t) => tensors[t].dtype === 'f32' && !tensors[t].data)) continue;
    for (const t of operands) {
      const { data, quant, dtype } = tensors[t];
      if (data && quant && dtype !== 'f32')
        tensors[t] = { ...tensors[t], dtype: 'f32', data: dequantize(tensors[t]), quant: null };
    }
  }
  return { ...graph, tensors };
}
