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
  /** Milliseconds of processor time that the page's thread has used (Chromium). */
  processorTime?(): Promise<number>;
}

export type Page = (context: PageContext) => Promise<PageResult>;
