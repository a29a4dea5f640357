import type { Graph, Values } from '../../graph/graph.ts';
import type { Target } from '../../targets/index.ts';
import { formatC } from '../format.ts';
import type { Golden } from '../project/example.ts';
import type { TflmArena } from './arena.ts';

/** What the files of a folder for TensorFlow Lite Micro are made of. */
export interface TflmModel {
  /** Begins all that is global. */
  readonly name: string;
  readonly graph: Graph;
  /** The model's file. */
  readonly tflite: Uint8Array;
  /** Methods of the resolver, without `Add`. */
  readonly operators: readonly string[];
  readonly arenaBytes: number;
  /** Variables of a streaming model; 0 where there are none. */
  readonly variables: number;
}

const COLUMNS = 20;

const bytesText = (bytes: ArrayLike<number>): string => {
  const rows: string[] = [];
  for (let i = 0; i < bytes.length; i += COLUMNS) rows.push(`  ${Array.prototype.slice.call(bytes, i, i + COLUMNS).join(', ')},`);
  return rows.join('\n');
};

export const modelHeader = (
  { name, tflite, arenaBytes }: TflmModel,
  head: string,
): string => `${head}#ifndef ${name.toUpperCase()}_MODEL_H
#define ${name.toUpperCase()}_MODEL_H

/* The model's file, aligned to 16 bytes. */
extern const unsigned char ${name}_model[];
#define ${name.toUpperCase()}_MODEL_BYTES ${tflite.length}

/* Bytes of the interpreter's arena, which is to be aligned to 16. */
#define ${name.toUpperCase()}_ARENA_BYTES ${arenaBytes}

#endif
`;

export const modelSource = ({ name, tflite }: TflmModel, head: string): string => `${head}#include "model.h"

alignas(16) extern const unsigned char ${name}_model[] = {
${bytesText(tflite)}
};
static_assert(sizeof ${name}_model == ${name.toUpperCase()}_MODEL_BYTES, "the whole file");
`;

export const resolverHeader = (
  { name, operators }: TflmModel,
  head: string,
): string => `${head}#ifndef ${name.toUpperCase()}_RESOLVER_H
#define ${name.toUpperCase()}_RESOLVER_H

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

/* Room for the operators of the model, and no others. */
using ${name}_resolver = tflite::MicroMutableOpResolver<${operators.length}>;

inline TfLiteStatus ${name}_add_operators(${name}_resolver& resolver) {
${operators.map((o) => `  if (resolver.Add${o}() != kTfLiteOk) {\n    return kTfLiteError;\n  }`).join('\n')}
  return kTfLiteOk;
}

#endif
`;

const viewOf = (v: Values): Uint8Array => new Uint8Array(v.buffer, v.byteOffset, v.byteLength);

/** The self-test: the answers of the integer engine to a few inputs. */
export function selfTest({ name, variables }: TflmModel, golden: readonly Golden[], head: string): string {
  const macro = name.toUpperCase();
  const arrays = golden.flatMap(({ inputs, outputs }, g) => [
    ...inputs!.map((v, i) => `alignas(8) const uint8_t input_${g}_${i}[] = {\n${bytesText(viewOf(v))}\n};`),
    ...outputs.map((v, i) => `alignas(8) const uint8_t output_${g}_${i}[] = {\n${bytesText(viewOf(v))}\n};`),
  ]);
  const cases = golden.map(({ inputs, outputs }, g) => {
    const given = inputs!.map((_, i) => `set(interpreter.input(${i}), input_${g}_${i}, sizeof input_${g}_${i});`);
    const compared = outputs.map(
      (_, i) => `differences += compare(${g}, interpreter.output(${i}), output_${g}_${i}, sizeof output_${g}_${i});`,
    );
    return `
      if (interpreter.Reset() != kTfLiteOk) {
        return 1;
      }
      ${given.join('\n')}
      if (interpreter.Invoke() != kTfLiteOk) {
        printf("example ${g}: the interpreter failed\\n");
        return 1;
      }
      ${compared.join('\n')}`;
  });
  return `${head}${formatC(`
    /* Runs the model on examples and compares what it answers with what Thumbnet's integer engine answered. */
    #include "model.h"
    #include "resolver.h"

    #include <stdint.h>
    #include <stdio.h>
    #include <string.h>

    #include "tensorflow/lite/micro/micro_interpreter.h"
    ${variables ? '#include "tensorflow/lite/micro/micro_resource_variable.h"' : ''}
    #include "tensorflow/lite/schema/schema_generated.h"

    namespace {

    alignas(16) uint8_t arena[${macro}_ARENA_BYTES];

    ${arrays.join('\n')}

    void set(TfLiteTensor* tensor, const uint8_t* from, size_t bytes) {
      (void)memcpy(tensor->data.raw, from, bytes);
    }

    int compare(int example, const TfLiteTensor* tensor, const uint8_t* wanted, size_t bytes) {
      if ((tensor->bytes == bytes) && (memcmp(tensor->data.raw, wanted, bytes) == 0)) {
        return 0;
      }
      printf("example %d: an output differs\\n", example);
      return 1;
    }

    }  // namespace

    int main() {
      const tflite::Model* model = tflite::GetModel(${name}_model);
      if (model->version() != TFLITE_SCHEMA_VERSION) {
        printf("this TensorFlow Lite Micro reads another version of the format\\n");
        return 1;
      }
      ${name}_resolver resolver;
      if (${name}_add_operators(resolver) != kTfLiteOk) {
        return 1;
      }
      tflite::MicroAllocator* allocator = tflite::MicroAllocator::Create(arena, sizeof arena);
      ${variables ? `tflite::MicroResourceVariables* variables = tflite::MicroResourceVariables::Create(allocator, ${variables});` : ''}
      tflite::MicroInterpreter interpreter(model, resolver, allocator${variables ? ', variables' : ''});
      if (interpreter.AllocateTensors() != kTfLiteOk) {
        printf("the arena of ${name} is too small for this TensorFlow Lite Micro\\n");
        return 1;
      }
      int differences = 0;
      ${cases.join('\n')}
      printf("arena: %lu of %lu bytes\\n", (unsigned long)interpreter.arena_used_bytes(), (unsigned long)sizeof arena);
      printf("${name}: %s\\n", (differences == 0) ? "equal to the engine" : "DIFFERENT from the engine");
      return (differences == 0) ? 0 : 1;
    }
  `)}`;
}

export const cmakeText = ({ name }: TflmModel): string => `cmake_minimum_required(VERSION 3.16)
project(${name} CXX)

# A checkout of https://github.com/tensorflow/tflite-micro after \`make -f tensorflow/lite/micro/tools/make/Makefile third_party_downloads\`, and the library
# that its Makefile builds (\`microlite\`), or a target \`tflite-micro\` of the project that includes this one.
if(NOT TARGET tflite-micro)
  set(TFLM "" CACHE PATH "a checkout of tflite-micro")
  set(TFLM_LIBRARY "" CACHE FILEPATH "its libtensorflow-microlite.a")
  if(NOT EXISTS \${TFLM}/tensorflow/lite/micro/micro_interpreter.h)
    message(FATAL_ERROR "TFLM is no checkout of tflite-micro: add -DTFLM=<folder>")
  endif()
  add_library(tflite-micro INTERFACE)
  set(downloads \${TFLM}/tensorflow/lite/micro/tools/make/downloads)
  target_include_directories(tflite-micro INTERFACE \${TFLM} \${downloads}/flatbuffers/include \${downloads}/gemmlowp \${downloads}/ruy)
  target_compile_definitions(tflite-micro INTERFACE TF_LITE_STATIC_MEMORY)
  target_link_libraries(tflite-micro INTERFACE \${TFLM_LIBRARY})
endif()

add_library(${name} STATIC model.cc)
target_include_directories(${name} PUBLIC \${CMAKE_CURRENT_SOURCE_DIR})
target_compile_features(${name} PUBLIC cxx_std_17)
target_link_libraries(${name} PUBLIC tflite-micro)

if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  add_executable(self_test main.cc)
  target_link_libraries(self_test PRIVATE ${name})
endif()
`;

const LSTM = 'UnidirectionalSequenceLSTM';

/** What the folder is, how it is built, and its numbers. */
export function readmeText(
  { name, tflite, operators }: TflmModel,
  { bytes, planned, persistent, exact }: TflmArena,
  { core, name: chip }: Target,
): string {
  return `# ${name}

A network for TensorFlow Lite Micro (https://github.com/tensorflow/tflite-micro, written against 90b983c2) with CMSIS-NN's kernels, on ${chip} (${core}).

| | bytes |
|---|---:|
| the model's file (flash) | ${tflite.length} |
| arena (RAM) | ${bytes} |
| of it tensors and scratch, as the interpreter plans them | ${planned} |
| of it the interpreter's own structures | ${persistent} |

${
  exact
    ? 'The arena is the least multiple of 16 bytes that this version of the interpreter takes on a core of 32 bits.'
    : 'An operator of the model has structures whose sizes were not measured: they are taken to be as large as the largest known.'
} \`main.cc\` prints what was used.${
    operators.includes(LSTM)
      ? `\n\nThe interpreter's LSTM with CMSIS-NN's kernels begins each \`Invoke()\` with zeros: a stream is not to be cut into several calls.`
      : ''
  }

\`model.h\`, \`model.cc\`: the model's file; \`resolver.h\`: its ${operators.length} operators (${operators.join(', ')}); \`main.cc\`: a self-test that compares with the integer engine.

    cmake -DTFLM=<a checkout> -DTFLM_LIBRARY=<libtensorflow-microlite.a> -B build && cmake --build build
`;
}
