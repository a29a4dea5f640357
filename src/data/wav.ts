/**
 * WAV files. Source: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF, fmt, data), and "Multiple channel audio data and WAVE files"
 * (the extensible form). Samples become -1..1; channels are averaged.
 */
import { CompressError } from '../errors.ts';
import { counted, type Reading } from './raw.ts';
import type { Recording } from './recording.ts';

interface Format {
  readonly isFloat: boolean;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
/** What other codes stand for: mmreg.h. */
const CODECS: Readonly<Record<number, string>> = { 2: 'ADPCM', 6: 'A-law', 7: 'µ-law', 17: 'IMA ADPCM', 49: 'GSM', 85: 'MP3' };

/** @throws CompressError `bad-file` for what is no whole WAV file, `unsupported` for compressed sound */
export function readWav(bytes: Uint8Array, path: string, { notes }: Reading): Recording[] {
  const { format, at, length } = chunksOf(bytes, path, notes);
  const { channels, rate } = format;
  const read = sampleReader(bytes, format);
  const width = format.bits / 8;
  const count = Math.floor(length / (width * channels));
  if (count === 0) throw new CompressError('bad-data', `${path} holds no samples`, 'record it again, or remove it');
  const values = new Float32Array(count);
  let [peak, clipped] = [0, 0];
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      const value = read(at + (i * channels + c) * width);
      sum += value;
      if (value >= CLIPPED || value <= -CLIPPED) clipped++;
    }
    values[i] = sum / channels;
    if (Math.abs(values[i]) > peak) peak = Math.abs(values[i]);
    if (!Number.isFinite(values[i]))
      throw new CompressError('bad-data', `${path}: sample ${i} is no finite number`, 'write it again');
  }
  const left = length - count * width * channels;
  if (left) notes.push(`${path}: its last ${counted(left, 'byte')} ${left > 1 ? 'are' : 'is'} no whole sample, and not used`);
  const doubt = peak === 0 ? 'silent' : clipped > 3 && clipped > count / 1000 ? 'clipped' : null;
  const about = { where: path, file: path, rate, columns: [], width: 1, isSound: true, label: null, group: null };
  return [{ ...about, values, ...(channels > 1 && { averaged: channels }), ...(doubt && { doubt }) }];
}

/** The greatest value of 8 bits. */
const CLIPPED = 127 / 128;

function chunksOf(bytes: Uint8Array, path: string, notes: string[]): { format: Format; at: number; length: number } {
  const bad = (why: string) => new CompressError('bad-file', `${path} is damaged: ${why}`, 'copy or record it again');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || name(0) !== 'RIFF' || name(8) !== 'WAVE') throw bad('it does not start as a WAV file');
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const [kind, begin] = [name(at), at + 8];
    if (kind === 'fmt ') format = formatOf(view, begin, Math.min(length, bytes.length - begin), path);
    if (kind === 'data') {
      if (!format) throw bad('its samples come before their format');
      // A recorder that was switched off leaves 0 or the largest number.
      const isOpen = length === 0 || length >= 0xffffff00;
      if (!isOpen && begin + length > bytes.length)
        throw bad(`its header says ${length} bytes of samples, but ${bytes.length - begin} follow`);
      if (isOpen) notes.push(`${path}: its header does not say how long it is; all that follows is taken`);
      return { format, at: begin, length: isOpen ? bytes.length - begin : length };
    }
    at = begin + length + (length & 1);
  }
  throw bad(format ? 'it has no samples' : 'it has no format');
}

function formatOf(view: DataView, at: number, length: number, path: string): Format {
  const bad = (why: string) => new CompressError('bad-file', `${path} is damaged: ${why}`, 'copy or record it again');
  if (length < 16) throw bad('its format is cut short');
  let code = view.getUint16(at, true);
  if (code === EXTENSIBLE && length >= 26) code = view.getUint16(at + 24, true);
  const format = {
    isFloat: code === FLOAT,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  if (code !== PCM && code !== FLOAT)
    throw new CompressError(
      'unsupported',
      `${path} is compressed (${CODECS[code] ?? `code ${code}`})`,
      'write it as PCM: sox in.wav -e signed -b 16 out.wav',
    );
  const known = format.isFloat ? [32, 64] : [8, 16, 24, 32];
  if (!known.includes(format.bits)) throw bad(`${format.bits} bits a sample`);
  if (format.channels === 0 || format.channels > 64 || format.rate === 0)
    throw bad(`${format.channels} channels at ${format.rate} Hz`);
  return format;
}

function sampleReader(bytes: Uint8Array, { isFloat, bits }: Format): (at: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isFloat) return bits === 32 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  if (bits === 8) return (at) => (bytes[at] - 128) / 128;
  if (bits === 16) return (at) => view.getInt16(at, true) / 32768;
  if (bits === 24) return (at) => ((view.getInt16(at + 1, true) << 8) | bytes[at]) / 8388608;
  return (at) => view.getInt32(at, true) / 2147483648;
}
