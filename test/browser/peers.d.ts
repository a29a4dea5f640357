/** What the pages use of the peers, which have a package.json of their own under bench/. */
declare module '@litertjs/core' {
  export class Tensor {
    constructor(data: Float32Array | Int32Array, shape?: readonly number[]);
    readonly type: { readonly dtype: string; readonly layout: { readonly dimensions: readonly number[] } };
    data(): Promise<Float32Array>;
    delete(): void;
  }
  export interface CompiledModel {
    run(input: Tensor | Tensor[]): Promise<Tensor[]>;
    delete(): void;
  }
  export function loadLiteRt(path: string, options?: { threads?: boolean; jspi?: boolean }): Promise<unknown>;
  export function loadAndCompile(model: Uint8Array, options: { accelerator: 'wasm' }): Promise<CompiledModel>;
}
