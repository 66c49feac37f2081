// Runs: some values of one element, in buckets.
//
// Values are told by keys, unsigned whole numbers in whose order the values are. A run begins with
// a directory: how many values share their 16 highest bits, which are a bucket. Directories of many
// runs add, so that the bucket in which a rank lies is known before any value is read.
//
// A bucket of keys of 32 bits holds the 16 low bits of each, in any order; or, where all are the
// same, once. One of keys of 64 bits is sorted: each key as its distance from the one before, and
// how often it occurs.
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
void SortKeys(std::vector<uint64_t>& keys, std::vector<uint64_t>& scratch);

/// Appends the run of sorted keys to `out`; returns the bytes of its directory.
uint64_t AppendRun(const std::vector<uint64_t>& sorted, std::string& out);

/// Puts keys of 32 bits into their buckets.
class Bucketing {
 public:
  struct Bucket {
    uint32_t digit = 0;
    std::span<const uint16_t> lows;  ///< in any order
    uint16_t least = 0, greatest = 0;
    uint64_t sum = 0, squares = 0;  ///< of `lows`
  };

  /// Changes the order of `keys`. The buckets are in order, and as long there as this is not used
  /// again.
  const std::vector<Bucket>& Of(std::vector<uint32_t>& keys);

 private:
  void SortByDigit(std::vector<uint32_t>& keys);

  std::vector<uint32_t> places_, scratch_;
  std::vector<uint16_t> lows_;
  std::vector<Bucket> buckets_;
};

/// Appends the run of these buckets to `out`; returns the bytes of its directory.
uint64_t AppendRun(const std::vector<Bucketing::Bucket>& buckets, std::string& out);

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

/// The entries of a bucket of a run with keys of `key_bits`, whose bytes are `bytes`. A key of 32
/// bits may have several.
Result<std::vector<Entry>> ReadBucket(const Bucket& bucket, std::string_view bytes,
                                      uint32_t key_bits, const std::string& path);

}  // namespace robomerge::measure
