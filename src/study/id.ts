/** 32 hexadecimal digits that name nothing else: of a process among others, of a file while it is written. */
export function newId(): string {
  const parts = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(parts, (p) => p.toString(16).padStart(8, '0')).join('');
}
