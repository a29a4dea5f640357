import { CompressError } from './errors.ts';

/**
 * Imports modules that register stages, criteria, calibrators or samplers of a caller's own, one after another.
 *
 * @throws CompressError `bad-option` for a module that cannot be imported
 */
export async function loadPlugins(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    try {
      await import(url);
    } catch (e) {
      if (e instanceof CompressError) throw e;
      throw new CompressError(
        'bad-option',
        `the plugin ${url} cannot be loaded: ${(e as Error).message}`,
        'give a JavaScript module that runs by itself',
      );
    }
  }
}
