/** What a bench file's default export gives back: a part of bench/README.md. */
export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly text: string;
}

export type Bench = () => Promise<Section>;

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i ? '--:' : '---'))), ...rows.map(line)].join('\n');
}
