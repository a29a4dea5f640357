/** What a search comes to; its trials are passed over. */
export async function ended<T>(search: AsyncGenerator<unknown, T>): Promise<T> {
  let step = await search.next();
  while (!step.done) step = await search.next();
  return step.value;
}
