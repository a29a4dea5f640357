import type { Graph } from '../graph/graph.ts';

/** What a model file holds. */
export interface FileModel {
  readonly graph: Graph;
  /** What of the file is not used, one sentence each. */
  readonly notes: readonly string[];
}

export interface ReadOptions {
  /** The bytes of another file that this one names (external data); a name never leaves the model's folder. */
  readonly beside?: (name: string) => Uint8Array | Promise<Uint8Array>;
}

export interface WriteOptions {
  /** Operator set of ONNX. */
  readonly opset?: 13 | 21;
}

export interface Written {
  readonly bytes: Uint8Array;
  /** What of the model the file does not hold, one sentence each. */
  readonly notes: readonly string[];
}

/** A format of model files. Rows say what operators mean; a format knows containers and syntax. */
export interface Format {
  /** As the command line names it. */
  readonly name: string;
  /** What such a file is called in messages. */
  readonly about: string;
  /** Ends of file names; the first is the one that is written. */
  readonly endings: readonly [string, ...string[]];
  /** By the first bytes; the name of the file does not matter. */
  recognize(bytes: Uint8Array): boolean;
  /**
   * A checked graph, NHWC.
   *
   * @throws CompressError `bad-file` for a damaged file, `unsupported` naming the first operator or type that is not known
   */
  read(bytes: Uint8Array, options: ReadOptions): FileModel | Promise<FileModel>;
  /** null: the format is read only. */
  readonly write: ((graph: Graph, options?: WriteOptions) => Written | Promise<Written>) | null;
}
