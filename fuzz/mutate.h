// Mutations that know a little of the formats, so that more of them get past the outermost checks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace robomerge::fuzz {

/// libFuzzer's own mutation of `size` bytes in place.
using Mutate = size_t (*)(uint8_t* data, size_t size, size_t max_size);

/// Mutates one file of a folder input (folder_input.h); a Parquet file as below.
size_t MutateFolder(uint8_t* data, size_t size, size_t max_size, unsigned seed, Mutate mutate);

/// Mutates a Parquet file: the whole, the footer alone (its length is then set right), or what lies
/// before it, without moving it.
size_t MutateParquet(uint8_t* data, size_t size, size_t max_size, unsigned seed, Mutate mutate);

}  // namespace robomerge::fuzz

/// Makes libFuzzer use one of them. The replay program has no use for it.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
#define FUZZ_MUTATE_WITH(mutation)                                                       \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, \
                                            unsigned seed);                              \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, \
                                            unsigned seed) {                             \
    return mutation(data, size, max_size, seed, LLVMFuzzerMutate);                       \
  }
#else
#define FUZZ_MUTATE_WITH(mutation) static_assert(true)
#endif
