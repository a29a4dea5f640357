import { sha256 } from '../digest.ts';

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
