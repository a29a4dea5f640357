import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Cells of a long table, kept line by line in the file that `STATE` names, so that a bench that was ended goes on where it stopped. */
export function openState(): (key: string, make: () => Promise<string>) => Promise<string> {
  const { STATE: file } = process.env;
  const lines = file && existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const known = new Map<string, string>(lines.filter((line) => line).map((line) => JSON.parse(line)));
  return async (key, make) => {
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const cell = await make();
    if (file) appendFileSync(file, `${JSON.stringify([key, cell])}\n`);
    return cell;
  };
}
