import type { CoreName } from '../mcu/index.ts';
import type { Graph } from '../graph/graph.ts';
import { type Network, planNetwork } from './network.ts';
import { Parts, variantOf } from './parts.ts';
import { parameters, sourceText } from './project/source.ts';
import { weightsHeader, weightsText } from './project/weights.ts';

export interface CFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly network: Network;
}

/** Files of C for a graph on a core. */
export function generateC(graph: Graph, core: CoreName, name: string): CFiles {
  const parts = new Parts(variantOf(core), name);
  const network = planNetwork(graph, parts);
  return {
    files: {
      [`${name}.h`]: `#ifndef ${name.toUpperCase()}_H\n#define ${name.toUpperCase()}_H\n#include <stdint.h>\nvoid ${name}_invoke(${parameters(network)});\n#endif\n`,
      [`${name}_weights.h`]: weightsHeader(parts.tables, name),
      [`${name}_weights.c`]: weightsText(parts.tables, name),
      [`${name}.c`]: sourceText(network, parts, name),
    },
    network,
  };
}
