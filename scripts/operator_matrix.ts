/**
 * Writes docs/operators.md: the operators that Thumbnet knows, and what the formats and TensorFlow Lite Micro call them.
 *
 *     node --import tsx scripts/operator_matrix.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LAYERS } from '../src/formats/keras/layers/index.ts';
import { FOLDS } from '../src/formats/onnx/fold.ts';
import { QLINEAR } from '../src/formats/onnx/qlinear.ts';
import { REWRITES } from '../src/formats/onnx/rewrites.ts';
import { builtinName } from '../src/formats/tflite/schema.ts';
import { type AnyRow, OPS } from '../src/ops/index.ts';

const PEERS = JSON.parse(readFileSync(new URL('data/peer_operators.json', import.meta.url), 'utf8'));

/** The operators of quantization, and those by which a classifier looks names up, which are left out and told. */
const QDQ = ['QuantizeLinear', 'DequantizeLinear'];
const LABELS = ['ArrayFeatureExtractor', 'ZipMap'];

const mark = (is: unknown): string => (is ? '✓' : '·');
const code = (names: readonly string[]): string => names.map((n) => `\`${n}\``).join(' ') || '·';

type Peer = 'tflm' | 'onnxRuntime' | 'stEdgeAi';

/** Whether a peer has the operators of these names. */
function known(names: readonly string[], peer: Peer): string {
  const found = names.filter((n) => PEERS[peer].operators.includes(n));
  return found.length === 0 ? '·' : found.length === names.length ? '✓' : 'some';
}

function line(op: string, row: AnyRow): string {
  const names = (row.tflite?.codes ?? []).map(builtinName);
  const types = row.onnx?.types ?? [];
  return `| ${[
    `\`${op}\``,
    mark(row.float),
    mark(row.float?.backward),
    mark(row.lower),
    code(names),
    known(names, 'tflm'),
    code(types),
    mark(row.onnx?.write),
    known(types, 'onnxRuntime'),
    known(types, 'stEdgeAi'),
  ].join(' | ')} |`;
}

/** The page, as it must be. */
export function operatorMatrix(): string {
  const rows = Object.entries(OPS).map(([op, row]) => line(op, row));
  const inTflite = new Set(Object.values<AnyRow>(OPS).flatMap((row) => (row.tflite?.codes ?? []).map(builtinName)));
  const beyond = (peer: Peer, ours: ReadonlySet<string>): string[] => PEERS[peer].operators.filter((n: string) => !ours.has(n));
  const types = new Set(Object.values<AnyRow>(OPS).flatMap((row) => row.onnx?.types ?? []));
  const read = new Set([...types, ...Object.keys(REWRITES), ...Object.keys(FOLDS), ...QLINEAR, ...QDQ, ...LABELS]);
  const rewritten = Object.keys(REWRITES).filter((n) => !types.has(n));
  return `# Operators

Written by \`scripts/operator_matrix.ts\` from the table of operators; a test holds the page to it.

*float*: computed in float32; *gradient*: trained through; *int*: an integer kernel, equal bit for bit to CMSIS-NN or TensorFlow Lite's reference.
*TFLM*: TensorFlow Lite Micro has the operator (${PEERS.tflm.source}). *ONNX*: names that are read as it, and whether it is written; every one of them is run in
ONNX Runtime by \`test/formats/onnx_rows.test.ts\` (\`npm ci --prefix bench --ignore-scripts\` first) and agrees to 1e-4. *ORT*: ONNX Runtime has them
(${PEERS.onnxRuntime.source}). *ST*: ST Edge AI Core imports them (${PEERS.stEdgeAi.source}; most of them in float32 alone).

| operator | float | gradient | int | TFLite | TFLM | ONNX | written | ORT | ST |
| -------- | ----- | -------- | --- | ------ | ---- | ---- | ------- | --- | -- |
${rows.join('\n')}

## TensorFlow Lite

Also read: dilated convolutions between \`SPACE_TO_BATCH_ND\` and \`BATCH_TO_SPACE_ND\`, as one convolution. \`UNIDIRECTIONAL_SEQUENCE_LSTM\`, float or integer, is one
operator whose state stays from call to call; CMSIS-NN's kernel in TensorFlow Lite Micro begins each call with zeros. LSTM and GRU of ONNX and Keras become the
operators of each step, each call from zeros. To an int8 LSTM whose output has a zero point other than 0, builds of TensorFlow Lite without
[the fix of 2022](https://github.com/tensorflow/tensorflow/pull/56493) answer wrongly, whichever converter wrote it.

## ONNX

Operator sets 7 to 23 of \`ai.onnx\`; files of several parts (external data), model functions, symbolic batch. Channels-first images become NHWC by a pass over
the graph. Also read, as other operators: ${code(rewritten)}; \`QuantizeLinear\` and \`DequantizeLinear\` pairs and the \`QLinear\` operators, as integers; recurrent layers as the operators of each step;
\`Constant\`, \`Shape\`, \`Gather\`, \`Range\`, \`Where\` and others where they compute constants. Written: opset 13 and 21, int8 as QDQ pairs (int4 and int16 with 21).

## Keras

\`.h5\` of Keras 2 and 3, \`.keras\` with its weights in HDF5 or an .npz; Sequential, Functional, models within models, \`TimeDistributed\` of layers that work place by place, \`Bidirectional\` of LSTM, GRU and SimpleRNN:

${code(Object.keys(LAYERS).sort())}

## Not here

In TensorFlow Lite Micro: ${code(beyond('tflm', inTflite))}.

In ST Edge AI Core, of ONNX: ${code(beyond('stEdgeAi', read))}. What it takes of Keras and TensorFlow Lite it lists at
https://stedgeai-dc.st.com/assets/embedded-docs/supported_ops_keras.html and supported_ops_tflite.html.

In ONNX Runtime: ${code(beyond('onnxRuntime', read))}.
`;
}

const FILE = fileURLToPath(new URL('../docs/operators.md', import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, operatorMatrix());
