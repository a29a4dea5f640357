/** Recordings brought to one rate and cut into windows: x [windows, samples, channels]. */
import { CompressError } from '../errors.ts';
import { counted, inOneOrder, listed, type RawPart, type Reading } from './raw.ts';
import type { Recording } from './recording.ts';
import { resample } from './resample.ts';

/** A recording of a labelled file. */
export interface Labelled extends Recording {
  readonly label: string | null;
}

/** What windows are cut by, in samples; null where every recording is one example. */
interface Cut {
  readonly window: number;
  readonly stride: number;
}

/** Examples, and for each the number of its recording. */
interface Windows {
  readonly examples: RawPart;
  readonly recording: readonly number[];
}

/**
 * @param wanted [samples, channels] of the model's input, where it has these: the default window
 * @throws CompressError `shape-mismatch` for recordings of other channels or lengths, `bad-data` for other rates, naming both files
 */
export function windowsOf(
  given: readonly Labelled[],
  where: string,
  wanted: readonly number[] | null,
  reading: Reading,
): Windows {
  checkAlike(given);
  const all = inOneOrder(given, ({ values }, sorted) => ({ values: sorted(values) as Float32Array }), reading.notes);
  noteDoubts(all, reading);
  const recordings = atOneRate(all, reading);
  const cut = cutOf(recordings, wanted, reading);
  const places = recordings.flatMap((r, n) => startsIn(r, cut).map((start) => ({ n, start })));
  noteShort(recordings, cut, reading);
  const width = recordings[0].width;
  const size = cut.window * width;
  const x = new Float32Array(places.length * size);
  places.forEach(({ n, start }, i) => {
    x.set(recordings[n].values.subarray(start * width, start * width + size), i * size);
  });
  const labelled = recordings.filter((r) => r.label !== null);
  if (labelled.length > 0 && labelled.length < recordings.length) {
    const without = recordings.find((r) => r.label === null)!;
    throw new CompressError(
      'bad-data',
      `${without.where} has no label, but ${labelled[0].where} has`,
      'label all files, or remove this one',
    );
  }
  const groups = groupsOf(recordings, places, cut);
  const examples: RawPart = {
    inputs: [x],
    info: [{ name: 'x', shape: [cut.window, width] }],
    ...(all[0].columns.length > 0 && { columns: all[0].columns }),
    y: null,
    ...(labelled.length > 0 && { words: places.map(({ n }) => recordings[n].label!) }),
    count: places.length,
    where,
    files: [...new Set(recordings.map((r) => r.file))],
    groupNames: groups,
    signal: { rate: rateOf(recordings, reading), isSound: recordings.every((r) => r.isSound) },
    origin: (i) => originOf(recordings[places[i].n], places[i].start),
  };
  return { examples, recording: places.map(({ n }) => n) };
}

const originOf = ({ where, file, row }: Recording, start: number): string =>
  row ? `${file} row ${row(start)}` : start > 0 ? `${where} from sample ${start}` : where;

function checkAlike(all: readonly Recording[]): void {
  const [first] = all;
  const other = all.find((r) => r.width !== first.width);
  if (other)
    throw new CompressError(
      'shape-mismatch',
      `${other.where} has ${other.width} channel${other.width === 1 ? '' : 's'}, but ${first.where} has ${first.width}`,
      'give all files the same columns',
    );
}

function noteDoubts(all: readonly Recording[], { notes }: Reading): void {
  const noteThose = (what: string, which: (r: Recording) => boolean) => {
    const found = all.filter(which).map((r) => r.where);
    if (found.length) notes.push(`${what}: ${listed(found)}`);
  };
  noteThose('silent, all samples are 0', (r) => r.doubt === 'silent');
  noteThose('clipped, one of a thousand samples or more at full scale', (r) => r.doubt === 'clipped');
  noteThose('several channels, of which the mean is taken', (r) => r.averaged !== undefined);
}

/** Resampled to the rate that is stated; without one all that say their rate must have the same. */
function atOneRate(all: readonly Labelled[], { stated, notes }: Reading): Labelled[] {
  const known = all.filter((r) => r.rate !== null);
  const near = (a: number, b: number) => Math.abs(a - b) <= 0.02 * b;
  if (stated.rate === undefined) {
    const other = known.find((r) => !near(r.rate!, known[0].rate!));
    if (!other) return [...all];
    throw new CompressError(
      'bad-data',
      `${other.where} has ${other.rate} samples a second, but ${known[0].where} has ${known[0].rate}`,
      `add --rate ${Math.round(Math.min(other.rate!, known[0].rate!))}: all are resampled to it`,
    );
  }
  const { rate } = stated;
  let changed = 0;
  const result = all.map((r) => {
    // A clock that is off by less than 2 % is what sensors have.
    if (r.rate === null || r.rate === rate || (r.row && near(r.rate, rate))) return r;
    changed++;
    const { rate: own, row } = r;
    return {
      ...r,
      values: resample(r.values, r.width, own, rate),
      rate,
      ...(row && { row: (sample: number) => row(Math.floor((sample * own) / rate)) }),
    };
  });
  if (changed) notes.push(`${changed} of ${all.length} recordings resampled to ${rate} samples a second`);
  return result;
}

const rateOf = (recordings: readonly Recording[], { stated }: Pick<Reading, 'stated'>): number | null =>
  stated.rate ?? recordings.find((r) => r.rate !== null)?.rate ?? null;

const samplesIn = ({ values, width }: Recording): number => values.length / width;

function cutOf(recordings: readonly Recording[], wanted: readonly number[] | null, { stated, notes }: Reading): Cut {
  const rate = rateOf(recordings, { stated });
  if (stated.window !== undefined) {
    const window = inSamples(stated.window, rate, '--window');
    return { window, stride: stated.stride === undefined ? window : inSamples(stated.stride, rate, '--stride') };
  }
  if (stated.stride !== undefined)
    throw new CompressError('bad-option', '--stride is given without --window', 'add --window with the samples of one example');
  const lengths = recordings.map(samplesIn);
  const [first] = lengths;
  const other = lengths.findIndex((n) => n !== first);
  if (other < 0) return { window: first, stride: first };
  const [samples, channels] = wanted ?? [];
  if (samples > 1 && channels === recordings[0].width) {
    notes.push(`recordings are cut into windows of ${samples} samples, which the model takes`);
    return { window: samples, stride: samples };
  }
  const sorted = [...lengths].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  throw new CompressError(
    'shape-mismatch',
    `${recordings[other].where} has ${lengths[other]} samples, but ${recordings[0].where} has ${first}`,
    `add --window ${median}: longer recordings are cut, shorter ones end in zeros`,
  );
}

/** 128, or '1s' and '500ms' at a known rate. */
function inSamples(given: number | string, rate: number | null, flag: string): number {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s)?\s*$/.exec(String(given)) ?? [];
  const value = Number(digits);
  if (unit && rate === null)
    throw new CompressError(
      'bad-option',
      `${flag} ${given} is a time, but the data does not say its rate`,
      'add --rate with samples a second, or give samples',
    );
  const samples = unit ? Math.round((value * rate!) / (unit === 'ms' ? 1000 : 1)) : value;
  if (digits !== undefined && Number.isInteger(samples) && samples >= 1 && samples < 2 ** 31) return samples;
  throw new CompressError(
    'bad-option',
    `${flag} ${given} is no number of samples`,
    'give a whole number as 128, or a time as 1s or 500ms',
  );
}

/** A recording shorter than a window is one, with zeros behind it, if it has at least half of it. */
function startsIn(recording: Recording, { window, stride }: Cut): number[] {
  const n = samplesIn(recording);
  if (n < window) return 2 * n >= window ? [0] : [];
  return Array.from({ length: Math.floor((n - window) / stride) + 1 }, (_, k) => k * stride);
}

function noteShort(recordings: readonly Recording[], { window, stride }: Cut, { notes }: Reading): void {
  const padded = recordings.filter((r) => samplesIn(r) < window && 2 * samplesIn(r) >= window);
  const left = recordings.filter((r) => 2 * samplesIn(r) < window);
  const name = (list: readonly Recording[]) => `${list[0].where}${list.length > 1 ? ` and ${list.length - 1} more` : ''}`;
  if (padded.length) notes.push(`zeros behind recordings shorter than ${window} samples: ${name(padded)}`);
  if (left.length) notes.push(`left out, shorter than half a window of ${window} samples: ${name(left)}`);
  if (left.length === recordings.length)
    throw new CompressError('bad-data', `no recording has half of ${window} samples`, 'give a smaller --window');
  if (stride > window) notes.push(`of every ${stride} samples ${stride - window} between windows of ${window} are not used`);
  const rest = recordings.reduce((sum, r) => sum + (samplesIn(r) > window ? (samplesIn(r) - window) % stride : 0), 0);
  if (rest)
    notes.push(`${counted(rest, 'sample')} behind the last whole windows of recordings ${rest > 1 ? 'are' : 'is'} not used`);
}

/** Fewer recordings of a class than these are cut into pieces that are groups. */
const FEW = 5;
/** Windows' lengths in a piece. */
const PIECE = 8;

/**
 * The stated group, else the recording. Where a class has few recordings, pieces of them: windows that lie across two of these belong to the first, and may share
 * samples with the next.
 */
function groupsOf(
  recordings: readonly Labelled[],
  places: readonly { readonly n: number; readonly start: number }[],
  { window }: Cut,
): string[] {
  if (recordings.every((r) => r.group !== null)) return places.map(({ n }) => recordings[n].group!);
  const counts = new Map<string | null, number>();
  for (const { label } of recordings) counts.set(label, (counts.get(label) ?? 0) + 1);
  const inPieces = [...counts.values()].some((n) => n < FEW);
  return places.map(({ n, start }) => {
    const { group, where } = recordings[n];
    return group ?? (inPieces ? `${where} ${Math.floor(start / (PIECE * window))}` : where);
  });
}
