import { sha256 } from '../../../src/digest.ts';
import { sizeOf } from '../../../src/graph/graph.ts';
import { loadModel } from '../../../src/model.ts';
import { compile } from '../../../src/run/compile.ts';
import { Heap } from '../../../src/wasm/heap.ts';
import { given } from '../../formats/given.ts';
import type { PageContext, PageResult } from '../page.ts';

const FILES = ['onnx/mobilenet_v2.onnx', 'onnx/tcn.onnx', 'keras/images.h5', 'keras/series3.keras'];

/** ONNX and Keras files are read in a browser, and the networks give the same bytes as in Node. */
export default async function formats({ file }: PageContext): Promise<PageResult> {
  const heap = await Heap.open();
  const failures: string[] = [];
  const digests: Record<string, string> = {};
  for (const name of FILES) {
    try {
      const { graph } = await loadModel((await file(`test/fixtures/${name}`))!);
      const outputs = heap.scope(() => {
        const program = compile(heap, graph);
        graph.inputs.forEach((t, i) => {
          heap.write(program.inputs[i], given(sizeOf(graph.tensors[t].shape)));
        });
        program.run();
        return program.outputs.map((y) => heap.read(y) as Float32Array);
      });
      for (const [i, y] of outputs.entries())
        digests[`${name} ${i}`] = await sha256(new Uint8Array(y.buffer, y.byteOffset, y.byteLength));
    } catch (e) {
      failures.push(`${name}: ${(e as Error).message}`);
    }
  }
  return { passed: FILES.length - failures.length, failures, digests };
}
