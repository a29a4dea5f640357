/** Where memory free for the caller begins: constant tables lie below. */
export function heap_base(): usize {
  return __heap_base;
}
