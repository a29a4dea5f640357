const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { evaluate, loadModel } = require('thumbnet');
const { loadDataset } = require('thumbnet/data');
const { CompressError } = require('thumbnet/engine');

async function main() {
  const file = (name) => readFileSync(join(__dirname, 'public', name));
  const model = await loadModel(file('gestures.tflite'));
  const data = await loadDataset({ 'examples.npz': file('examples.npz') }, { model, seed: 1 });
  const { accuracy } = await evaluate(model, data);
  const error = await Promise.resolve()
    .then(() => loadModel(new Uint8Array(3)))
    .catch((e) => e);
  console.log(JSON.stringify({ accuracy, isSame: error instanceof CompressError }));
}

main();
