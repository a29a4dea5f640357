/** Converters join the names of everything they fused by semicolons. */
export const lastName = (name: string): string => name.split(';').at(-1)!;

/** What people are shown: the end of the last one. */
export const shortName = (name: string): string => {
  const last = lastName(name);
  return last.length <= 36 ? last : `…${last.slice(-35)}`;
};

/** The name that somebody means who gives it whole, or its end behind `…` as tables print it, where that is the only one; undefined where there is none. */
export function nameMeant(given: string, names: readonly string[]): string | undefined {
  if (names.includes(given)) return given;
  const end = given.startsWith('…') ? given.slice(1) : null;
  const alike = names.filter((name) => (end === null ? lastName(name) === given : name.endsWith(end)));
  return alike.length === 1 ? alike[0] : undefined;
}

/** A record by names, each the whole one where it is known. */
export const byWholeNames = <T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([given, value]) => [nameMeant(given, names) ?? given, value]));
