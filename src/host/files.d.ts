/** Bytes of the file, as the bundle for browsers includes them. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module '*?text' {
  const text: string;
  export default text;
}
