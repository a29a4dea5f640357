/** Values of flags as people write them, with units. */
import { InvalidArgumentError } from 'commander';
import { OBJECTIVE } from '../compress/options.ts';
import { parseBytes, parseMegahertz } from '../targets/index.ts';

/** A parser whose errors are reported as those of its flag. */
export const wrap =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text);
    } catch (e) {
      throw new InvalidArgumentError((e as Error).message.replace('\n', ';'));
    }
  };

/** 0.5 or 50%. */
export const number = wrap((text) => {
  const [, digits, sign] = /^\s*([^%\s]+)\s*(%?)\s*$/.exec(text) ?? [];
  if (digits === undefined || !Number.isFinite(Number(digits))) throw new Error('It is not a number, as 0.02 or 2%.');
  return Number(digits) / (sign ? 100 : 1);
});

export const integer = wrap((text) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) throw new Error('It is not a whole number.');
  return value;
});

const threads = (most: number) =>
  wrap((text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error('It is not a number of threads.');
    return Math.min(most, value);
  });

/** More than eight have nothing to do: each trial is chosen by the results of all but the last seven before it. */
export const workers = threads(8);
/** As many as `--parallel` may be. */
export const sharedWorkers = threads(64);

/** 64K, 1M, 65536 as bytes. */
export const byteCount = wrap((text) => {
  const found = parseBytes(text);
  if (found === null) throw new Error('It is not a size, as 64K, 1M or 65536.');
  return found;
});

/** 84, 84MHz, 0.4GHz as MHz. */
export const megahertz = wrap((text) => {
  const found = parseMegahertz(text);
  if (!found) throw new Error('It is not a clock, as 84MHz.');
  return found;
});

/** 100, 100uJ, 2mJ as µJ. */
export const microjoules = wrap((text) => {
  const [, digits, unit = 'uJ'] = /^(\d+(?:\.\d+)?)\s*([uµmn]?J)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) throw new Error('It is not an energy, as 100uJ or 2mJ.');
  return Number(digits) * { n: 1e-3, u: 1, µ: 1, m: 1e3, j: 1e6 }[unit[0].toLowerCase() as 'n' | 'u' | 'µ' | 'm' | 'j'];
});

const UNITS_OF_TIME: Readonly<Record<string, number>> = {
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  sec: 1e3,
  m: 6e4,
  min: 6e4,
  h: 36e5,
  d: 864e5,
};

/** 50ms, 30s, 20m, 2h as ms; a bare number is `unit`s. */
export const duration = (unit: 'ms' | 's') =>
  wrap((text) => {
    const found = /^(\d+(?:\.\d+)?)\s*(us|µs|ms|s|sec|m|min|h|d)?$/.exec(text.trim());
    if (!found) throw new Error('It is not a time, as 50ms, 30s, 20m or 2h.');
    return Number(found[1]) * UNITS_OF_TIME[found[2] ?? unit];
  });

/** flash=1,latency=2: weights of an objective; what is not named has none. */
export const weights = wrap((text) => {
  const names = Object.keys(OBJECTIVE);
  const objective: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  for (const [name, value = '1', part] of pairs(text)) {
    if (!(name in objective) || !(Number(value) >= 0))
      throw new Error(`"${part}" is not one of ${names.join(', ')} with a weight, as flash=1,latency=2.`);
    objective[name] = Number(value);
  }
  if (Object.values(objective).every((w) => w === 0)) throw new Error('All weights are 0.');
  return objective;
});

/** 250K, 1M or 50000 of something that is counted. */
export const counted = wrap((text) => {
  const found = /^(\d+(?:\.\d+)?)\s*([kKmM]?)$/.exec(text.trim());
  if (!found) throw new Error('It is not a number, as 100K, 2M or 120000.');
  return Math.round(Number(found[1]) * { '': 1, k: 1e3, m: 1e6 }[found[2].toLowerCase() as '' | 'k' | 'm']);
});

/** 44100, 16k, 50Hz as samples a second. */
export const hertz = wrap((text) => {
  const [, digits, kilo] = /^(\d+(?:\.\d+)?)\s*(k?)(?:hz)?$/i.exec(text.trim()) ?? [];
  if (!digits || Number(digits) === 0) throw new Error('It is not a rate, as 16000, 16k or 50.');
  return Number(digits) * (kilo ? 1000 : 1);
});

const amounts: Readonly<Record<string, (text: string) => number>> = {
  flash: byteCount,
  ram: byteCount,
  weights: byteCount,
  latency: duration('ms'),
  energy: microjoules,
  macs: counted,
};

/** flash=32K,latency=20ms: an amount for each that is named. */
export const amountsByName = wrap((text) => {
  const found = pairs(text).map(([name, value, part]) => {
    if (!(name in amounts) || value === undefined)
      throw new Error(`"${part}" is not one of ${Object.keys(amounts).join(', ')} with an amount, as flash=32K,latency=20ms.`);
    return [name, amounts[name](value)];
  });
  return Object.fromEntries(found) as Record<string, number>;
});

/** The parts of NAME=VALUE,NAME=VALUE. */
export const pairs = (text: string): [name: string, value: string | undefined, part: string][] =>
  text.split(',').map((part) => {
    const [name, value] = part.split('=').map((s) => s.trim());
    return [name, value, part];
  });
