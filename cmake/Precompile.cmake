# Headers that most files include, parsed once and shared. GCC only: scripts/fuzz.sh builds with
# clang.
#
# Not for the rooms of a release build: GCC 12 warns at -O3 about the standard library's own code if
# it comes from a precompiled header (-Warray-bounds, -Wstringop-overflow).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  option(ROBOMERGE_PRECOMPILE "Precompile the headers that most files include" ON)
else()
  set(ROBOMERGE_PRECOMPILE OFF)
endif()

set(ROBOMERGE_COMMON_HEADERS
  <algorithm> <array> <charconv> <chrono> <cmath> <condition_variable> <cstdint> <cstdio> <cstring>
  <functional> <limits> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view>
  <unordered_map> <utility> <variant> <vector> <nlohmann/json.hpp>)

# robomerge_precompile(target [header ...]): the common headers for a library; with further ones, a
# set of its own.
function(robomerge_precompile target)
  if(NOT ROBOMERGE_PRECOMPILE OR CMAKE_BUILD_TYPE STREQUAL "Release")
    return()
  endif()
  if(ARGN OR target STREQUAL robomerge_precompiled)
    target_precompile_headers(${target} PRIVATE ${ROBOMERGE_COMMON_HEADERS} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM robomerge_precompiled)
  endif()
endfunction()

# robomerge_test_program(target [header ...]): a program for tests. It is compiled without
# optimisation, which would take most of the time and test nothing more: the rooms' libraries are
# optimised. Nor is its own
# undefined behaviour looked for. Programs without GoogleTest link it too, since all programs that
# share a set must be compiled with the same flags.
function(robomerge_test_program target)
  if(ROBOMERGE_FUZZ)
    return()
  endif()
  target_compile_options(${target} PRIVATE -O0)
  if(ROBOMERGE_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined -g0)
  endif()
  if(ROBOMERGE_PRECOMPILE)
    target_link_libraries(${target} PRIVATE GTest::gmock)
    if(ARGN OR target STREQUAL robomerge_test_precompiled)
      target_precompile_headers(${target} PRIVATE ${ROBOMERGE_COMMON_HEADERS} <gmock/gmock.h> <gtest/gtest.h> ${ARGN})
    else()
      target_precompile_headers(${target} REUSE_FROM robomerge_test_precompiled)
    endif()
  endif()
endfunction()

# The owners of the two shared sets: libraries are compiled with -fPIC, programs with -fPIE.
if(ROBOMERGE_PRECOMPILE)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cc CONTENT "")
  add_library(robomerge_precompiled OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/precompiled.cc)
  robomerge_precompile(robomerge_precompiled)
  if(ROBOMERGE_BUILD_TESTS)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/test_precompiled.cc CONTENT "int main() { return 0; }\n")
    add_executable(robomerge_test_precompiled EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/test_precompiled.cc)
    robomerge_test_program(robomerge_test_precompiled)
  endif()
endif()
