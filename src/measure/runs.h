// Runs: some values of one element, sorted, each with how often it occurs.
//
// Values are told by keys, unsigned whole numbers in whose order the values are. A run begins with
// a directory: how many values share their 16 highest bits. Directories of many runs add, so that
// the bucket in which a rank lies is known before any value is read.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "robomerge/status.h"

namespace robomerge::measure {

/// Of float32 and of float64. -0 has the key of 0.
inline uint32_t KeyOf(float value) {
  const auto bits = std::bit_cast<uint32_t>(value + 0.0F);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}
inline uint64_t KeyOf(double value) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}
inline double ValueOf(uint32_t key) {
  return static_cast<double>(std::bit_cast<float>((key >> 31) != 0 ? key & 0x7fffffffU : ~key));
}
inline double ValueOf(uint64_t key) {
  return std::bit_cast<double>((key >> 63) != 0 ? key & ~(uint64_t{1} << 63) : ~key);
}

/// Bits of a key that are one step of the search for a rank.
constexpr uint32_t kDigitBits = 16;

/// Sorts `keys`, by `scratch` of any size.
template <typename Key>
void SortKeys(std::vector<Key>& keys, std::vector<Key>& scratch);

/// Appends the run of sorted keys to `out`; returns the bytes of its directory.
template <typename Key>
uint64_t AppendRun(const std::vector<Key>& sorted, std::string& out);

struct Bucket {
  uint32_t digit = 0;
  uint64_t num_values = 0;
  uint64_t offset = 0, num_bytes = 0;  ///< of its entries, behind the directory
};

/// kCorrupt if the directory is damaged, or does not fill `payload_bytes`.
Result<std::vector<Bucket>> ReadDirectory(std::string_view directory, uint64_t payload_bytes,
                                          const std::string& path);

struct Entry {
  uint64_t key = 0;
  uint64_t times = 0;
};

/// The entries of a bucket of a run with keys of `key_bits`, whose bytes are `bytes`.
Result<std::vector<Entry>> ReadBucket(const Bucket& bucket, std::string_view bytes,
                                      uint32_t key_bits, const std::string& path);

}  // namespace robomerge::measure
