import type { CoreName } from '../../targets/index.ts';
import type { Kernels } from '../parts.ts';
import { BOARDS, LINK_FLAGS } from './boards.ts';

const LIBRARY = (name: string): string => `
# CMSIS-NN: a target of the project that includes this one, or a checkout.
if(NOT TARGET cmsis-nn)
  set(CMSIS_NN "" CACHE PATH "a checkout of https://github.com/ARM-software/CMSIS-NN")
  if(NOT EXISTS \${CMSIS_NN}/Include/arm_nnfunctions.h)
    message(FATAL_ERROR "CMSIS_NN is no checkout of CMSIS-NN: add -DCMSIS_NN=<folder>")
  endif()
  enable_language(CXX)
  add_subdirectory(\${CMSIS_NN} cmsis-nn)
endif()
target_link_libraries(${name} PUBLIC cmsis-nn)
`;

/** A library, and the example where this project is the one that is built. */
export const cmakeLists = (
  name: string,
  core: CoreName,
  kernels: Kernels,
  hasFeatures = false,
): string => `cmake_minimum_required(VERSION 3.16)
project(${name} C)

add_library(${name} STATIC ${name}.c ${name}_weights.c${hasFeatures ? ` ${name}_features.c` : ''})
target_include_directories(${name} PUBLIC \${CMAKE_CURRENT_SOURCE_DIR})
target_compile_features(${name} PUBLIC c_std_11)
target_compile_options(${name} PRIVATE -O2 -ffunction-sections -fdata-sections)
${kernels === 'cmsis-nn' ? LIBRARY(name) : ''}
if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  add_executable(example main.c)
  target_link_libraries(example PRIVATE ${name})
  if(CMAKE_SYSTEM_NAME STREQUAL Generic)
    # An image for ${BOARDS[core].machine}, a board that QEMU emulates.
    target_sources(example PRIVATE board/startup.c)
    target_link_options(example PRIVATE ${LINK_FLAGS.join(' ')} -T \${CMAKE_CURRENT_SOURCE_DIR}/board/board.ld)
    set_target_properties(example PROPERTIES SUFFIX .elf)
  endif()
endif()
`;

/** For \`cmake -DCMAKE_TOOLCHAIN_FILE=board/toolchain.cmake\`. */
export const toolchainFile = (core: CoreName): string => `set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "${BOARDS[core].cpu.join(' ')} -mthumb")
`;
