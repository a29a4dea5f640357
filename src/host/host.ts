/** What a host may offer beside the language; null where it does not. Each part is loaded when it is used. */
export interface Host {
  /** The file system and threads of Node. */
  readonly node: {
    fs(): Promise<typeof import('node:fs/promises')>;
    path(): Promise<typeof import('node:path')>;
    url(): Promise<typeof import('node:url')>;
    /** The same file system without promises, and where it keeps what is for a while. */
    readonly sync: typeof import('node:fs');
    readonly system: Pick<typeof import('node:os'), 'tmpdir'>;
    /** A decoder of WebP, where one is installed. */
    webp(): Promise<{
      decode(bytes: Uint8Array): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray };
    }>;
    threads(): Promise<typeof import('node:worker_threads')>;
    /** The module that a thread of a pool runs. */
    readonly workerFile: URL;
  } | null;
  /** Copies inside the bundle, for bundlers that do not follow `new URL(file, import.meta.url)`. */
  readonly inside: {
    wasm(): Promise<Uint8Array<ArrayBuffer>>;
    relaxedWasm(): Promise<Uint8Array<ArrayBuffer>>;
    /** The source of a module that serves jobs: src/entries/worker.ts with all that it imports. */
    worker(): Promise<string>;
  } | null;
}
