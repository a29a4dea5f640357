/**
 * Edge Impulse's data acquisition format, as JSON or CBOR, and the labels of its exports. Source: docs.edgeimpulse.com, "Data acquisition format" (payload: interval_ms,
 * sensors, values) and "Edge Impulse Exporter acquisition format" (info.labels).
 */
import { CompressError } from '../errors.ts';
import { decodeCbor } from './cbor.ts';
import type { Reading } from './raw.ts';
import type { Recording } from './recording.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @throws CompressError `bad-file` for what is no such file, `bad-data` for values that are none, by sample and sensor */
export function readAcquisition(bytes: Uint8Array, path: string, _: Reading): Recording[] {
  const file = path.toLowerCase().endsWith('.json') ? fromJson(bytes, path) : fromCbor(bytes, path);
  const payload = fieldsOf(fieldsOf(file)?.payload);
  const bad = (why: string) =>
    new CompressError('bad-file', `${path} is not in Edge Impulse's data acquisition format: ${why}`, 'export it again');
  if (!payload) throw bad('it has no payload');
  const { sensors, values, interval_ms: interval } = payload;
  if (!Array.isArray(sensors) || sensors.length === 0) throw bad('it names no sensors');
  if (!Array.isArray(values)) throw bad('it has no values');
  if (typeof interval !== 'number' || !(interval > 0)) throw bad('interval_ms is no time');
  if (values.length === 0) throw new CompressError('bad-data', `${path} holds no samples`, 'remove it, or record it again');
  const width = sensors.length;
  const samples = new Float32Array(values.length * width);
  values.forEach((row, i) => {
    const list = Array.isArray(row) ? row : [row];
    if (list.length !== width)
      throw new CompressError(
        'bad-data',
        `${path}: sample ${i} has ${list.length} values for ${width} sensors`,
        'export it again',
      );
    list.forEach((value, c) => {
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw new CompressError('bad-data', `${path}: sample ${i} of sensor ${c} is no number`, 'remove the sample, or the file');
      samples[i * width + c] = value;
    });
  });
  const columns = sensors.map((sensor) => String(fieldsOf(sensor)?.name ?? ''));
  return [{ where: path, file: path, rate: 1000 / interval, columns, values: samples, width, label: null, group: null }];
}

const fieldsOf = (value: unknown): Fields | null => (typeof value === 'object' && value !== null ? (value as Fields) : null);

function fromJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (e) {
    throw new CompressError('bad-file', `${path} is not JSON: ${(e as Error).message}`, 'copy or export it again');
  }
}

function fromCbor(bytes: Uint8Array, path: string): unknown {
  try {
    return decodeCbor(bytes);
  } catch (e) {
    throw new CompressError('bad-file', `${path} is not CBOR: ${(e as Error).message}`, 'copy or export it again');
  }
}

/** What a file of `info.labels` says. */
export interface LabelledFile {
  readonly path: string;
  readonly label: string | null;
  readonly category: string | null;
}

/** @throws CompressError `bad-file`; `unsupported` for labels that are no classes */
export function readInfoLabels(bytes: Uint8Array, path: string): LabelledFile[] {
  const files = fieldsOf(fromJson(bytes, path))?.files;
  if (!Array.isArray(files)) throw new CompressError('bad-file', `${path} lists no files`, 'export the data again');
  return files.map((entry, i) => {
    const { path: file, category, label } = fieldsOf(entry) ?? {};
    if (typeof file !== 'string') throw new CompressError('bad-file', `${path}: entry ${i} has no path`, 'export the data again');
    const { type, label: word } = fieldsOf(label) ?? {};
    if (type === 'multi-label')
      throw new CompressError(
        'unsupported',
        `${path}: ${file} has several labels in time`,
        'cut it into files of one label each',
      );
    return {
      path: file,
      label: type === 'label' && (typeof word === 'string' || typeof word === 'number') ? String(word) : null,
      category: typeof category === 'string' ? category : null,
    };
  });
}
