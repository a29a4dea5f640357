import { bytesOf, type Graph, sizeOf, type Tensor } from '../../graph/graph.ts';
import type { FlatTable } from './flat.ts';
import { BUFFER, builtinName, METADATA, MODEL, OPERATOR, OPTIONS, SUBGRAPH, TENSOR } from './schema.ts';

/** An operator as the file lists it. */
interface FileOperator {
  readonly index: number;
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly intermediates: readonly number[];
  readonly table: FlatTable;
}

/** Parts of a file that the network does not use, one sentence each. @param folded what was read into other operators */
export function unusedParts(
  model: FlatTable,
  operators: readonly FileOperator[],
  tensors: readonly Tensor[],
  { inputs, outputs }: Pick<Graph, 'inputs' | 'outputs'>,
  folded: { readonly graphs: ReadonlySet<number>; readonly operators: readonly FileOperator[] },
): string[] {
  const needed = neededBy(outputs, operators);
  const dead = operators.filter((o) => !needed.operators.has(o.index));
  const all = [...operators, ...folded.operators];
  const named = new Set([...inputs, ...outputs, ...all.flatMap((o) => [...o.inputs, ...o.outputs, ...o.intermediates])]);
  const loose = tensors.filter((t, i) => !named.has(i) && t.data);
  const bytes = loose.reduce((n, t) => n + bytesOf(t.dtype, sizeOf(t.shape)), 0);
  return [
    ...otherGraphs(model.tables(MODEL.subgraphs).filter((_, i) => !folded.graphs.has(i))),
    ...some(dead, 'operator', (o) => `${builtinName(o.code)} "${tensors[o.outputs[0]].name}"`, 'that no output needs'),
    ...some(
      inputs.filter((t) => !needed.tensors.has(t)),
      'input',
      (t) => `"${tensors[t].name}"`,
      'that no output depends on: its values change nothing',
      'stays',
    ),
    ...some(loose, 'constant', (t) => `"${t.name}"`, `of ${bytes} bytes together that no operator uses`),
    ...looseBuffers(model),
    ...operators.flatMap(unknownOptions),
  ];
}

const SHOWN = 3;

/** "2 operators (A, B) that no output needs: left out", or nothing. */
function some<T>(found: readonly T[], kind: string, name: (item: T) => string, which: string, what = 'left out'): string[] {
  if (!found.length) return [];
  const names = found.slice(0, SHOWN).map(name).join(', ');
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : '';
  return [`${found.length} ${kind}${found.length === 1 ? '' : 's'} (${names}${more}) ${which}: ${what}`];
}

function neededBy(outputs: readonly number[], operators: readonly FileOperator[]) {
  const tensors = new Set(outputs);
  const needed = new Set<number>();
  for (const o of [...operators].reverse()) {
    if (!o.outputs.some((t) => tensors.has(t))) continue;
    needed.add(o.index);
    for (const t of o.inputs) tensors.add(t);
  }
  return { tensors, operators: needed };
}

const otherGraphs = (subgraphs: readonly FlatTable[]): string[] =>
  some(subgraphs.slice(1), 'further graph', (g) => `"${g.string(SUBGRAPH.name) || 'without a name'}"`, 'beside the first');

function looseBuffers(model: FlatTable): string[] {
  const used = new Set([0, ...model.tables(MODEL.metadata).map((m) => m.u32(METADATA.buffer))]);
  for (const g of model.tables(MODEL.subgraphs)) for (const t of g.tables(SUBGRAPH.tensors)) used.add(t.u32(TENSOR.buffer));
  const loose = model.tables(MODEL.buffers).flatMap((b, i) => {
    const size = b.bytes(BUFFER.data).length || b.u64(BUFFER.size);
    return used.has(i) || !size ? [] : [{ i, size }];
  });
  return some(loose, 'buffer', ({ i, size }) => `${i}: ${size} bytes`, 'that no tensor names');
}

/** How a hybrid operator would round its input at run time; their arithmetic here is float. */
const ONLY_HYBRID: Readonly<Record<number, number>> = { 9: 3, 27: 2, 44: 4, 126: 2 };

/** Fields of an options table that the schema known here does not have. */
function unknownOptions({ index, code, table }: FileOperator): string[] {
  const options = table.table(OPERATOR.options);
  const known = OPTIONS[code];
  const where = `operator ${index} (${builtinName(code)})`;
  const notes = table.bytes(OPERATOR.customOptions).length
    ? [`${where} has custom options, which no builtin operator reads: left out`]
    : [];
  if (!options || !known) return notes;
  const ids = new Set([...Object.values(known.fields).map((f) => f.id), ONLY_HYBRID[code]]);
  const unknown = Array.from({ length: options.fieldCount() }, (_, id) => id).filter(
    (id) => !ids.has(id) && options.has(id) && options.i8(id),
  );
  return [...notes, ...unknown.map((id) => `${where} has an option that is not known here (field ${id}): left out`)];
}
