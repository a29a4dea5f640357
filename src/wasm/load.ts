let first: Promise<WebAssembly.Module> | null = null;
let second: Promise<WebAssembly.Module | null> | null = null;

/** All kernels, read and compiled once a process. */
export function kernelModule(): Promise<WebAssembly.Module> {
  first ??= readInstalled(new URL('../../dist/thumbnet.wasm', import.meta.url)).then((bytes) => WebAssembly.compile(bytes));
  return first;
}

/** The int8 kernels again, with relaxed dots; null where the host has no relaxed SIMD. */
export function relaxedModule(): Promise<WebAssembly.Module | null> {
  second ??= readInstalled(new URL('../../dist/thumbnet_relaxed.wasm', import.meta.url)).then((bytes) =>
    WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : null,
  );
  return second;
}

/** A file that is installed with the package: read in Node, fetched in a browser. */
export async function readInstalled(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return readFile(url) as Promise<Uint8Array<ArrayBuffer>>;
  }
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
