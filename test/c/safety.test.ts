import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withFourBits } from '../../bench/c/networks.ts';
import { type CExport, generateC } from '../../src/c/index.ts';
import type { Trade } from '../../src/c/parts.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import type { CoreName } from '../../src/targets/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { allOf } from '../emulator/all_operators.ts';
import { chipOf, withTools } from '../emulator/tools.ts';
import { layersGraph } from './layers.ts';
import { casesOf, hasProgram, inFolder, onHost, SANITIZERS, WARNINGS } from './tools.ts';

const test = suite('safety of generated C');
const [withGcc, withClang, withCppcheck] = ['gcc', 'clang', 'cppcheck'].map((program) => withTools(test, hasProgram(program)));
const heap = await Heap.open();
/** One core of each variant that has code of its own. */
const CORES: readonly CoreName[] = ['cortex-m0', 'cortex-m4', 'cortex-m55'];

async function demoGraph(): Promise<Graph> {
  const model = await loadModel(await demoModel());
  return asStored(await quantize().run(model, { heap, data: gestures(), seed: 1, original: model }));
}

const demo = await demoGraph();
/** Of the trade that only DSP cores have forms for. */
const fast = layersGraph(
  [
    { op: 'conv2d', x: [1, 5, 7, 16], w: [9, 3, 3, 16], activation: 'relu' },
    { op: 'conv2d', x: [1, 4, 6, 16], w: [8, 3, 3, 16] },
    { op: 'fullyConnected', x: [1, 28], w: [2, 28] },
  ],
  7,
);

interface Case {
  readonly graph: Graph;
  readonly cores: readonly CoreName[];
  readonly trade: Trade;
}

/** Graphs of every operator take one core, for time. */
const CASES: Readonly<Record<string, Case>> = {
  'the demo network': { graph: demo, cores: CORES, trade: 'flash' },
  'the demo network with some weights of 4 bits': { graph: withFourBits(demo), cores: CORES, trade: 'flash' },
  'every operator on int8': { graph: allOf(heap, 'i8').graph, cores: ['cortex-m4'], trade: 'flash' },
  'every operator on int16': { graph: allOf(heap, 'i16').graph, cores: ['cortex-m4'], trade: 'flash' },
  'layers by Winograd': { graph: fast, cores: ['cortex-m4'], trade: 'speed' },
};

for (const [name, { graph, cores, trade }] of Object.entries(CASES)) {
  const count = graph.nodes.length > 40 ? 100 : 1000;
  withGcc(`${name}: plain twins of all variants on ${count} inputs under sanitizers, equal to the engine`, async () => {
    const { given, wanted } = casesOf(heap, graph, count);
    for (const core of cores) {
      const generated = await generateC(heap, graph, chipOf(core), { name: 'safe', trade });
      assert.ok(wanted.equals(onHost(generated, 'gcc', [...WARNINGS, ...SANITIZERS], given)), core);
    }
  });

  withClang(`${name}: no warning of clang`, async () => {
    const { given, wanted } = casesOf(heap, graph, 3);
    for (const core of cores) {
      const generated = await generateC(heap, graph, chipOf(core), { name: 'safe', trade });
      assert.ok(wanted.equals(onHost(generated, 'clang', [...WARNINGS, '-O1'], given)), core);
    }
  });
}

/** Rules of MISRA C:2012 that docs/c.md lists as deviations. */
function deviations(): Set<string> {
  const text = readFileSync(new URL('../../docs/c.md', import.meta.url), 'utf8');
  return new Set([...text.matchAll(/^\| (\d+\.\d+) +\|/gm)].map(([, rule]) => rule));
}

/** One text for each rule, so that cppcheck keeps findings of different rules apart. */
function ruleTexts(): string {
  const rules = Array.from({ length: 22 }, (_, i) => Array.from({ length: 22 }, (_, k) => `${i + 1}.${k + 1}`)).flat();
  return `Appendix A Summary of guidelines\n${rules.map((r) => `Rule ${r} Required\nFinding of rule ${r}\n`).join('')}Appendix B\n`;
}

/** Findings of cppcheck: rules of MISRA that are broken, and everything that it calls an error or a warning. */
function findings({ files, name }: CExport): { rule: string | null; line: string }[] {
  const addon = JSON.stringify({ script: 'misra.py', args: ['--rule-texts=rules.txt'] });
  return inFolder({ ...files, 'misra.json': addon, 'rules.txt': ruleTexts() }, (cwd) => {
    const flags = ['--quiet', '--std=c11', '--platform=unix32', '--addon=misra.json', '--enable=style', '-DTHUMBNET_PLAIN'];
    // The constants are data; their tables are long, and one file's are like another's.
    const template = ['--template={file}:{line}: {severity} {id} {message}'];
    const { stderr, status } = spawnSync('cppcheck', [...flags, ...template, `${name}.c`], { cwd, encoding: 'utf8' });
    assert.is(status, 0, stderr);
    return stderr.split('\n').flatMap((line) => {
      const rule = /misra-c2012-(\d+\.\d+)/.exec(line)?.[1] ?? null;
      return rule || /: (error|warning) /.test(line) ? [{ rule, line }] : [];
    });
  });
}

withCppcheck(
  'cppcheck and its MISRA addon find nothing but the deviations that docs/c.md gives reasons for, and each of those',
  async () => {
    const allowed = deviations();
    const seen = new Set<string>();
    for (const { graph, cores, trade } of Object.values(CASES)) {
      for (const core of cores) {
        for (const { rule, line } of findings(await generateC(heap, graph, chipOf(core), { name: 'checked', trade }))) {
          assert.ok(rule && allowed.has(rule), line);
          seen.add(rule!);
        }
      }
    }
    assert.equal(
      [...allowed].filter((rule) => !seen.has(rule)),
      [],
      'deviations that nothing needs',
    );
  },
);

withCppcheck('a broken rule is found', async () => {
  const generated = await generateC(heap, demo, chipOf('cortex-m3'), { name: 'broken' });
  const file = `${generated.name}.c`;
  const goto = `${generated.files[file]}\nint32_t broken(int32_t a);\nint32_t broken(int32_t a) {\n  int32_t b[2] = {a, a};\nagain:\n  if (b[1] > 2) {\n    b[1]--;\n    goto again;\n  }\n  return b[2];\n}\n`;
  const found = findings({ ...generated, files: { ...generated.files, [file]: goto } });
  assert.ok(
    found.some((f) => f.rule === '15.1'),
    'goto',
  );
  assert.ok(
    found.some((f) => /arrayIndexOutOfBounds/.test(f.line)),
    'an index out of range',
  );
});

test.run();
