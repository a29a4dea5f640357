/** What one run of each part of a layer's C executes. */
export type Coefficients = Readonly<Record<string, number>>;

/** By tag of a layer (generated_features.ts); null where none is fitted. */
export type CoefficientsOf = (tag: string) => Coefficients | null;

/**
 * Coefficients as a line of text: `name=value`, by name. Of parts of one function, `function#part`, only the first has the function's name;
 * a value of 0 is left out.
 */
export function formatCoefficients(each: Coefficients): string {
  let last = '';
  return Object.keys(each)
    .sort()
    .map((name) => {
      const base = baseOf(name);
      const shown = base && base === last ? name.slice(base.length) : name;
      last = base;
      return each[name] ? `${shown}=${each[name]}` : shown;
    })
    .join(' ');
}

export function parseCoefficients(line: string): Coefficients {
  const each: Record<string, number> = {};
  let last = '';
  for (const entry of line.split(' ')) {
    const [shown, value = '0'] = entry.split('=');
    const name = shown.startsWith('#') ? `${last}${shown}` : shown;
    last = baseOf(name);
    each[name] = Number(value);
  }
  return each;
}

/** The function of a part, or nothing. */
const baseOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf('#')));

/** Reads lines when they are asked for, each once. */
export function coefficientTable(lines: Readonly<Record<string, string>>): CoefficientsOf {
  const read = new Map<string, Coefficients>();
  return (tag) => {
    if (!(tag in lines)) return null;
    const each = read.get(tag) ?? parseCoefficients(lines[tag]);
    read.set(tag, each);
    return each;
  };
}
