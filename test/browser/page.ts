/** What a page's default export gives back. A page is a module; it runs in Node as it runs in a browser. */
export interface PageResult {
  readonly passed: number;
  readonly failures: readonly string[];
  /** Bytes made here, by name: the runner compares them with those of the same page in Node. */
  readonly digests?: Readonly<Record<string, string>>;
  readonly skipped?: string;
  readonly notes?: readonly string[];
}

export interface PageContext {
  /** A file of the project or under `shared/`, by its path from the project's root; null where it is absent. */
  file(path: string): Promise<Uint8Array | null>;
  /** Names in a folder, in order; none where it is absent. */
  list(folder: string): Promise<string[]>;
}

export type Page = (context: PageContext) => Promise<PageResult>;

export async function sha256(...parts: readonly ArrayBufferView[]): Promise<string> {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0));
  let at = 0;
  for (const p of parts) {
    all.set(new Uint8Array(p.buffer, p.byteOffset, p.byteLength), at);
    at += p.byteLength;
  }
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('');
}
