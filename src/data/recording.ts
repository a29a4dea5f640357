import type { Reading } from './raw.ts';

/** Samples one after another, as a sensor or a microphone gave them. */
export interface Recording {
  /** The file, and the row where it begins if that is not the first. */
  readonly where: string;
  readonly file: string;
  /** Samples a second; null where the file does not say. */
  readonly rate: number | null;
  /** Names of the channels; empty where they have none. */
  readonly columns: readonly string[];
  /** [samples, channels] */
  readonly values: Float32Array;
  readonly width: number;
  /** What is wrong with the sound, and may be meant. */
  readonly doubt?: 'silent' | 'clipped';
  /** Channels of the file whose mean the values are, where there are several. */
  readonly averaged?: number;
  /** Values are -1..1 of a full scale. */
  readonly isSound?: boolean;
  /** The class, where the file says it. */
  readonly label: string | null;
  /** What it belongs to beside its file: a person, a session. */
  readonly group: string | null;
  /** The row of the file that a sample is in, where there are rows. */
  readonly row?: (sample: number) => number;
}

/** A kind of file that holds recordings. */
export interface RecordingReader {
  readonly about: string;
  readonly endings: readonly string[];
  /** @param isLabelled whether the file or its folder names the class */
  read(bytes: Uint8Array, path: string, reading: Reading, isLabelled: boolean): Recording[] | Promise<Recording[]>;
}

/** One row for each kind of file. */
export const RECORDINGS: readonly RecordingReader[] = [
  {
    about: 'tables of samples',
    endings: ['.csv', '.tsv', '.txt'],
    read: async (...given) => (await import('./series.ts')).readSeries(...given),
  },
  {
    about: 'sound',
    endings: ['.wav', '.wave'],
    read: async (bytes, path, reading) => (await import('./wav.ts')).readWav(bytes, path, reading),
  },
  {
    about: "Edge Impulse's data acquisition format",
    endings: ['.json', '.cbor'],
    read: async (bytes, path, reading) => (await import('./edge_impulse.ts')).readAcquisition(bytes, path, reading),
  },
];

export const recordingReaderOf = (path: string): RecordingReader | null =>
  RECORDINGS.find(({ endings }) => endings.some((ending) => path.toLowerCase().endsWith(ending))) ?? null;
