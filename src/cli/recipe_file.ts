import { parseRecipe, type Recipe } from '../pipeline.ts';
import { readBytes } from './files.ts';

export async function readRecipe(path: string): Promise<Recipe> {
  return parseRecipe(new TextDecoder().decode(await readBytes(path, 'the recipe')), path);
}
