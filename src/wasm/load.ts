import { sha256 } from '../digest.ts';
import { host } from '../host/node.ts';

let first: Promise<WebAssembly.Module> | null = null;
let second: Promise<WebAssembly.Module | null> | null = null;

/** All kernels, read and compiled once a process. */
export function kernelModule(): Promise<WebAssembly.Module> {
  first ??= readInstalled(new URL('../../dist/thumbnet.wasm', import.meta.url), host.inside?.wasm).then((bytes) =>
    WebAssembly.compile(bytes),
  );
  return first;
}

/** The int8 kernels again, with relaxed dots; null where the host has no relaxed SIMD. */
export function relaxedModule(): Promise<WebAssembly.Module | null> {
  second ??= readInstalled(new URL('../../dist/thumbnet_relaxed.wasm', import.meta.url), host.inside?.relaxedWasm).then(
    (bytes) => (WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : null),
  );
  return second;
}

/** What the kernels are known by: a digest of both modules' bytes. Processes with the same come to the same bytes. */
export async function kernelsDigest(): Promise<string> {
  const urls = ['../../dist/thumbnet.wasm', '../../dist/thumbnet_relaxed.wasm'];
  return sha256(...(await Promise.all(urls.map((url) => readInstalled(new URL(url, import.meta.url))))));
}

/** What another thread has compiled already takes the place of reading the files. */
export function useModules(kernels: WebAssembly.Module, relaxed: WebAssembly.Module | null): void {
  first = Promise.resolve(kernels);
  second = Promise.resolve(relaxed);
}

/**
 * A file that is installed with the package: read in Node, fetched in a browser.
 *
 * @param inside of a Wasm module: takes its place where the address leads to no such module
 */
export async function readInstalled(url: URL, inside?: () => Promise<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === 'file:' && host.node) {
    const { readFile } = await host.node.fs();
    return readFile(url) as Promise<Uint8Array<ArrayBuffer>>;
  }
  const bytes = await fetched(url);
  if (inside) return bytes && isModule(bytes) ? bytes : inside();
  if (bytes) return bytes;
  throw new Error(`${url} cannot be fetched`);
}

const fetched = (url: URL): Promise<Uint8Array<ArrayBuffer> | null> =>
  fetch(url).then(
    async (answer) => (answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null),
    () => null,
  );

const isModule = ([a, b, c, d]: Uint8Array): boolean => a === 0 && b === 0x61 && c === 0x73 && d === 0x6d;
