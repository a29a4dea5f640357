/** The models of trials, named by the sha256 of their content, in hexadecimal. */
export interface Artifacts {
  /** @returns the name; whole and on disk when it resolves */
  put(bytes: Uint8Array): Promise<string>;
  get(name: string): Promise<Uint8Array | null>;
}

export class MemoryArtifacts implements Artifacts {
  readonly #files = new Map<string, Uint8Array>();

  async put(bytes: Uint8Array): Promise<string> {
    const name = await sha256(bytes);
    this.#files.set(name, bytes.slice());
    return name;
  }

  async get(name: string): Promise<Uint8Array | null> {
    return this.#files.get(name)?.slice() ?? null;
  }
}

/** SHA-256 (FIPS 180-4) of parts one after another, in hexadecimal. */
export async function sha256(...parts: readonly ArrayBufferView[]): Promise<string> {
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}
