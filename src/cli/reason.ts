/** Why the file system refused, in words. */
export function reason(e: unknown): string {
  const { code, message } = e as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left',
    EEXIST: 'a file is in the way',
  };
  return known[code ?? ''] ?? message;
}
