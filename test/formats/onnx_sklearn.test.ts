/** ONNX files in the form of scikit-learn's classifiers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close } from './agree.ts';
import { floats, type HandNode, int64s, onnxFile } from './onnx_file.ts';
import { load, run } from './onnx_hand.ts';

/** The graph that skl2onnx writes of an MLPClassifier: 3 features, 4 hidden, classes by name. */
function classifier(classes: number, zipped: boolean): Uint8Array {
  const units = classes === 2 ? 1 : classes;
  const some = (n: number) => Array.from({ length: n }, (_, i) => ((i * 37) % 11) / 5 - 1);
  const probabilities: HandNode[] =
    classes === 2
      ? [
          { type: 'Sigmoid', inputs: ['add_result1'], outputs: ['positive'] },
          { type: 'Sub', inputs: ['unity', 'positive'], outputs: ['negative'] },
          { type: 'Concat', inputs: ['negative', 'positive'], outputs: ['probabilities'], attributes: { axis: 1 } },
        ]
      : [{ type: 'Softmax', inputs: ['add_result1'], outputs: ['probabilities'], attributes: { axis: 1 } }];
  const map: HandNode[] = [{ type: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['probabilities'], outputs: ['output_probability'] }];
  return onnxFile({
    opset: 15,
    inputs: { X: ['batch', 3] },
    outputs: ['output_label', zipped ? 'output_probability' : 'probabilities'],
    constants: {
      coefficient: floats([3, 4], some(12)),
      intercepts: floats([1, 4], some(4)),
      coefficient1: floats([4, units], some(4 * units)),
      intercepts1: floats([1, units], some(units)),
      classes: int64s(...Array.from({ length: classes }, (_, i) => i)),
      shape_tensor: int64s(-1),
      unity: floats([1], [1]),
    },
    nodes: [
      { type: 'Cast', inputs: ['X'], outputs: ['cast_input'], attributes: { to: 1 } },
      { type: 'MatMul', inputs: ['cast_input', 'coefficient'], outputs: ['mul_result'] },
      { type: 'Add', inputs: ['mul_result', 'intercepts'], outputs: ['add_result'] },
      { type: 'Relu', inputs: ['add_result'], outputs: ['next_activations'] },
      { type: 'MatMul', inputs: ['next_activations', 'coefficient1'], outputs: ['mul_result1'] },
      { type: 'Add', inputs: ['mul_result1', 'intercepts1'], outputs: ['add_result1'] },
      ...probabilities,
      { type: 'ArgMax', inputs: ['probabilities'], outputs: ['argmax_output'], attributes: { axis: 1 } },
      { type: 'ArrayFeatureExtractor', domain: 'ai.onnx.ml', inputs: ['classes', 'argmax_output'], outputs: ['picked'] },
      { type: 'Cast', inputs: ['picked'], outputs: ['cast2_result'], attributes: { to: 7 } },
      { type: 'Reshape', inputs: ['cast2_result', 'shape_tensor'], outputs: ['output_label'] },
      ...(zipped ? map : []),
    ],
  });
}

for (const [classes, zipped] of [
  [3, false],
  [3, true],
  [2, false],
] as const) {
  test(`scikit-learn's MLP of ${classes} classes${zipped ? ', by name' : ''}: its probabilities, and the lookup of names told`, async () => {
    const { graph, facts } = await load(classifier(classes, zipped));
    assert.equal(facts.notes, ['the output "output_label", which looks up the name of the likeliest class, is left out']);
    const x = [0.3, -0.7, 0.9];
    const outputs = run(graph, { X: Float32Array.from(x) });
    assert.equal(Object.keys(outputs), ['probabilities']);
    const some = (n: number) => Array.from({ length: n }, (_, i) => ((i * 37) % 11) / 5 - 1);
    const dense = (v: number[], units: number) =>
      some(units).map((b, u) => v.reduce((s, d, k) => s + d * some(v.length * units)[k * units + u], b));
    const hidden = dense(x, 4).map((v) => Math.max(v, 0));
    const logits = dense(hidden, classes === 2 ? 1 : classes);
    const positive = 1 / (1 + Math.exp(-logits[0]));
    const exps = logits.map(Math.exp);
    const wanted = classes === 2 ? [1 - positive, positive] : exps.map((e) => e / exps.reduce((a, b) => a + b));
    close(outputs.probabilities, wanted, 'probabilities');
  });
}

test.run();
