/** Columns of a case; 1 where a kernel has no use for one. */
export const GEOMETRY = ['n', 'h', 'w', 'c', 'oh', 'ow', 'oc', 'fh', 'fw', 'sh', 'sw', 'ph', 'pw', 'dh', 'dw', 'groups'] as const;
export type Case = Record<(typeof GEOMETRY)[number], number> & { kernel: string };

/** A case of size 1 in every dimension. */
export const ONE: Case = {
  kernel: '',
  n: 1,
  h: 1,
  w: 1,
  c: 1,
  oh: 1,
  ow: 1,
  oc: 1,
  fh: 1,
  fw: 1,
  sh: 1,
  sw: 1,
  ph: 0,
  pw: 0,
  dh: 1,
  dw: 1,
  groups: 1,
};
