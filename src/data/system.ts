/** Files and folders that operating systems, network drives and tools leave behind: never data. */
const NAMES: ReadonlySet<string> = new Set([
  '__macosx', // macOS, in zip archives
  'thumbs.db', // Windows Explorer
  'ehthumbs.db',
  'desktop.ini',
  '$recycle.bin',
  'system volume information',
  '@eadir', // Synology
  '#recycle',
  '#snapshot',
  '@recycle', // QNAP
  '@recently-snapshot',
  'lost+found', // ext4
  '__pycache__',
  'icon\r', // macOS, a folder's own icon
]);

/** Whether any part of a path is hidden (begins with a dot) or such a name; Synology's streams end in `@Syno...`. */
export const isOfSystem = (path: string): boolean =>
  path
    .split(/[/\\]/)
    .some(
      (part) =>
        (part.startsWith('.') && part !== '.' && part !== '..') || NAMES.has(part.toLowerCase()) || /@syno\w+$/i.test(part),
    );
