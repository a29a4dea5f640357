let bytes: Promise<Uint8Array> | null = null;

/** The module's bytes, read once: a file in Node, fetched in a browser, from where the build put it. */
export function wasmBytes(): Promise<Uint8Array> {
  bytes ??= readInstalled(new URL('../../dist/thumbnet.wasm', import.meta.url));
  return bytes;
}

/** A file that is installed with the package. */
export async function readInstalled(url: URL): Promise<Uint8Array> {
  if (url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return readFile(url);
  }
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
