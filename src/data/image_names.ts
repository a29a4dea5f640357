export const isImageName = (name: string): boolean => /\.(png|jpe?g|bmp|gif|webp)$/i.test(name);

/** Class folders in the order of their numbers where all are numbers, else by name. */
export function sortClasses(names: Iterable<string>): string[] {
  const sorted = [...new Set(names)].sort();
  return sorted.every((n) => /^\d+$/.test(n)) ? sorted.sort((a, b) => Number(a) - Number(b)) : sorted;
}
