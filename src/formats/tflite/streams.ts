import { CompressError } from '../../errors.ts';
import { isInteger, newValues, sizeOf, type Tensor } from '../../graph/graph.ts';
import { OPS } from '../../ops/index.ts';
import { type StridedSlice, sliceRange } from '../../ops/strided_slice.ts';
import { type Operator, readerOf } from './import.ts';
import type { FileGraph, FileOperator } from './lower.ts';
import { ASSIGN_VARIABLE, CALL_ONCE, OPERATOR, READ_VARIABLE, VAR_HANDLE } from './schema.ts';

/**
 * State that the application keeps between calls, as converters of streaming models write it: a variable is read, the input is appended
 * it, the last places of both are assigned to it. That is the row `stream`; another use of a variable is refused by name.
 */

const CONCATENATION = 2;
const SLICES: ReadonlySet<number> = new Set([45, 65]);

/** A graph of the file that CALL_ONCE names. */
export interface Beginning {
  readonly tensors: readonly Tensor[];
  readonly operators: readonly Operator[];
}

/** What of the file is used though no operator of the network holds it. */
export interface FoldedParts {
  /** Graphs beside the first. */
  readonly graphs: ReadonlySet<number>;
  readonly operators: readonly Operator[];
}

interface Folded {
  readonly operators: readonly Operator[];
  readonly tensors: readonly Tensor[];
  readonly folded: FoldedParts;
}

/** The operators with each stream as one of code ASSIGN_VARIABLE, operands x and state. */
export function foldStreams(
  operators: readonly Operator[],
  tensors: readonly Tensor[],
  beginning: (graph: number) => Beginning,
): Folded {
  const once = operators.filter((o) => o.code === CALL_ONCE).map((o) => o.table.table(OPERATOR.options)?.i32(0) ?? 0);
  for (const graph of new Set(once)) startsAtZero(beginning(graph));
  const found = [...tensors];
  const gone = new Set(operators.filter((o) => o.code === CALL_ONCE || o.code === VAR_HANDLE));
  const becomes = new Map<Operator, Operator>();
  const names = variableNames(operators);
  for (const read of operators.filter((o) => o.code === READ_VARIABLE)) {
    const { assign, join, slice } = streamOf(read, operators, tensors, names);
    const [state, x] = join.inputs;
    found[state] = { ...found[state], variable: true };
    becomes.set(join, { ...assign, index: join.index, inputs: [x, state], outputs: join.outputs });
    gone.add(read).add(assign);
    if (operators.every((o) => o === assign || !o.inputs.includes(slice.outputs[0]))) gone.add(slice);
  }
  const left = operators.filter((o) => !gone.has(o));
  const lone = left.find((o) => o.code === ASSIGN_VARIABLE);
  if (lone) throw otherUse(names.get(lone.inputs[0])!, 'it is assigned and never read');
  return {
    operators: left.map((o) => becomes.get(o) ?? o),
    tensors: found,
    folded: { graphs: new Set(once), operators: [...gone] },
  };
}

/** By handle, what names its variable. */
function variableNames(operators: readonly Operator[]): Map<number, string> {
  const handles = operators.filter((o) => o.code === VAR_HANDLE);
  return new Map(
    handles.map(({ table, outputs }) => {
      const options = table.table(OPERATOR.options);
      return [outputs[0], [options?.string(0), options?.string(1)].filter(Boolean).join('/')];
    }),
  );
}

function streamOf(
  read: Operator,
  operators: readonly Operator[],
  tensors: readonly Tensor[],
  names: ReadonlyMap<number, string>,
) {
  const name = names.get(read.inputs[0]) ?? tensors[read.inputs[0]].name;
  const ofSame = (code: number) => operators.filter((o) => o.code === code && names.get(o.inputs[0]) === name);
  const assigns = ofSame(ASSIGN_VARIABLE);
  if (ofSame(READ_VARIABLE).length !== 1 || assigns.length !== 1) throw otherUse(name, 'it is not read once and assigned once');
  const [assign] = assigns;
  const [state] = read.outputs;
  const readers = operators.filter((o) => o.inputs.includes(state));
  const join = readers[0];
  if (readers.length !== 1 || join.code !== CONCATENATION || join.inputs.length !== 2 || join.inputs[0] !== state)
    throw otherUse(name, 'its value is used for more than being put before an input');
  if (readerOf(join, tensors, 'the concatenation of a stream').options.fused_activation_function)
    throw otherUse(name, 'an activation is between them');
  const slice = operators.find((o) => o.outputs.includes(assign.inputs[1]));
  if (!slice || !SLICES.has(slice.code) || slice.inputs[0] !== join.outputs[0] || !takesEnd(slice, tensors, state))
    throw otherUse(name, 'what is assigned to it is not the end of what was read with the input behind it');
  const [kept, made] = [tensors[state].quant, tensors[join.outputs[0]].quant];
  if (kept?.scales[0] !== made?.scales[0] || kept?.zeros[0] !== made?.zeros[0])
    throw otherUse(name, 'it has another scale than what it is joined with');
  return { assign, join, slice };
}

/** Whether a slice takes the last places along one axis, as many as the state has. */
function takesEnd(slice: Operator, tensors: readonly Tensor[], state: number): boolean {
  const { attrs } = OPS.stridedSlice.tflite!.read(readerOf(slice, tensors, 'the slice of a stream'));
  const a = attrs as StridedSlice;
  const [whole, kept] = [tensors[slice.inputs[0]].shape, tensors[state].shape];
  return (
    a.shrink.length === 0 &&
    whole.every((d, i) => {
      const { first, count } = sliceRange(a, i, d);
      return a.strides[i] === 1 && count === kept[i] && first === d - count;
    })
  );
}

/** What is assigned once, before the first call, is the number 0, as state begins here too. */
function startsAtZero({ tensors, operators }: Beginning): void {
  for (const { code, inputs } of operators) {
    if (code === VAR_HANDLE) continue;
    const value = tensors[inputs[1]];
    if (code !== ASSIGN_VARIABLE || !value?.data) {
      throw otherUse('set by CALL_ONCE', 'its beginning is computed');
    }
    const zero = isInteger(value.dtype) ? (value.quant?.zeros[0] ?? 0) : 0;
    if (value.data.some((v: number | bigint) => Number(v) !== zero))
      throw otherUse(value.name, 'it begins with other numbers than 0');
  }
}

const otherUse = (name: string, why: string) =>
  new CompressError(
    'unsupported',
    `the variable "${name}" is no stream: ${why}`,
    'convert the model with layers that keep the end of their input from call to call, or without state',
  );

const HANDLES = new WeakSet<Tensor>();

/** Whether a tensor of a file to be written is the handle of a variable. */
export const isHandle = (tensor: Tensor): boolean => HANDLES.has(tensor);

function handleOf(name: string): Tensor {
  const tensor: Tensor = { name: `${name}/handle`, shape: [], dtype: 'i32', data: null, quant: null };
  HANDLES.add(tensor);
  return tensor;
}

const operator = (
  code: number,
  inputs: readonly number[],
  outputs: readonly number[],
  options: FileOperator['options'] = {},
): FileOperator => ({ code, options, inputs, outputs, intermediates: [] });

/** Streams as the operators they are read from, and what sets their state before the first call. */
export function withStreams(
  given: readonly Tensor[],
  operators: readonly FileOperator[],
): FileGraph & { readonly beginning: FileGraph | null } {
  const streams = operators.filter((o) => o.code === ASSIGN_VARIABLE);
  if (!streams.length) return { tensors: given, operators, beginning: null };
  const tensors = [...given];
  const start: { tensors: Tensor[]; operators: FileOperator[] } = { tensors: [], operators: [] };
  const handles: FileOperator[] = [];
  const written = operators.flatMap((o) => {
    if (o.code !== ASSIGN_VARIABLE) return [o];
    const [x, state] = o.inputs;
    const { variable: _, ...read } = tensors[state];
    tensors[state] = read;
    const name = { shared_name: read.name };
    const handle = tensors.push(handleOf(read.name)) - 1;
    handles.push(operator(VAR_HANDLE, [], [handle], name));
    const at = start.tensors.push(handleOf(read.name), { ...read, name: `${read.name}/beginning`, data: zeros(read) }) - 2;
    start.operators.push(operator(VAR_HANDLE, [], [at], name), operator(ASSIGN_VARIABLE, [at, at + 1], []));
    return stream(tensors, { x, state, handle, y: o.outputs[0] });
  });
  const call = operator(CALL_ONCE, [], [], { init_subgraph_index: 1 });
  return { tensors, operators: [call, ...handles, ...written], beginning: start };
}

const zeros = ({ dtype, shape, quant }: Tensor) =>
  newValues(dtype, sizeOf(shape)).fill((isInteger(dtype) ? (quant?.zeros[0] ?? 0) : 0) as never);

function stream(
  tensors: Tensor[],
  { x, state, handle, y }: Readonly<Record<'x' | 'state' | 'handle' | 'y', number>>,
): FileOperator[] {
  const [kept, made] = [tensors[state], tensors[y]];
  const axis = made.shape.findIndex((d, i) => d !== tensors[x].shape[i]);
  const list = (name: string, values: readonly number[]) =>
    tensors.push({
      name: `${kept.name}/${name}`,
      shape: [values.length],
      dtype: 'i32',
      data: Int32Array.from(values),
      quant: null,
    }) - 1;
  const begin = list(
    'begin',
    made.shape.map((d, i) => (i === axis ? d - kept.shape[i] : 0)),
  );
  const [end, strides] = [
    list('end', made.shape),
    list(
      'strides',
      made.shape.map(() => 1),
    ),
  ];
  const next = tensors.push({ ...kept, name: `${kept.name}/next` }) - 1;
  return [
    operator(READ_VARIABLE, [handle], [state]),
    operator(CONCATENATION, [state, x], [y], { axis, fused_activation_function: 0 }),
    operator(45, [y, begin, end, strides], [next]),
    operator(ASSIGN_VARIABLE, [handle, next], []),
  ];
}
