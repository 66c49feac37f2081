// Values in any order -> blocks of sorted runs in a summary (measure/summary.h).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "measure/summary.h"
#include "robomerge/status.h"

namespace robomerge::measure {

class ValueSorter {
 public:
  /// Fills the facts of summary.features, whose elements are there and whose key_bits are set
  /// before their first value. What is given must outlive it.
  ValueSorter(io::OutputFile& out, Summary& summary, uint64_t buffer_bytes);

  /// Takes values of one element; leaves only the finite ones in `values`.
  template <typename Number>
  void Add(size_t feature, uint32_t element, std::vector<Number>& values) {
    ElementFacts& facts = summary_.features[feature].elements[element];
    if (!AreAllFinite(values)) {
      std::erase_if(values, [&](Number value) {
        if (std::isfinite(value)) return false;
        ++(std::isnan(value) ? facts.num_nan : facts.num_infinite);
        return true;
      });
    }
    facts.num_values += values.size();
    const bool is_wide = summary_.features[feature].key_bits == 64;
    Waiting& waiting = waiting_[first_element_[feature] + element];
    if (is_wide) {
      const size_t first = waiting.wide.size();
      waiting.wide.resize(first + values.size());
      for (size_t at = 0; at < values.size(); ++at)
        waiting.wide[first + at] = KeyOf(static_cast<double>(values[at]));
    } else {
      const size_t first = waiting.narrow.size();
      waiting.narrow.resize(first + values.size());
      for (size_t at = 0; at < values.size(); ++at)
        waiting.narrow[first + at] = KeyOf(static_cast<float>(values[at]));
    }
    waiting_bytes_ += values.size() * (is_wide ? sizeof(uint64_t) : sizeof(uint32_t));
  }
  /// Writes a block if more waits than the buffer is to hold.
  Status FlushIfFull() { return waiting_bytes_ > buffer_bytes_ ? Flush() : Status(); }
  /// Sorts what waits, and writes it as a block.
  Status Flush();
  /// Writes what is left, and the summary. The caller closes the file.
  Status Finish();

 private:
  // By their exponents, which a processor compares several at once.
  template <typename Number>
  static bool AreAllFinite(const std::vector<Number>& values) {
    using Bits = std::conditional_t<sizeof(Number) == sizeof(uint64_t), uint64_t, uint32_t>;
    constexpr Bits kInfinity = std::bit_cast<Bits>(std::numeric_limits<Number>::infinity());
    Bits has_other = 0;
    for (const Number value : values)
      has_other |= (std::bit_cast<Bits>(value) & kInfinity) == kInfinity ? 1 : 0;
    return has_other == 0;
  }

  // The values of one element that wait to be sorted, by their keys.
  struct Waiting {
    std::vector<uint32_t> narrow;
    std::vector<uint64_t> wide;
  };

  SummaryWriter writer_;
  Summary& summary_;
  const uint64_t buffer_bytes_;
  std::vector<size_t> first_element_;  // of each feature, among all
  std::vector<Waiting> waiting_;
  uint64_t waiting_bytes_ = 0;
  // Kept from block to block, as are those that wait: new memory costs more than what is done in
  // it.
  Bucketing bucketing_;
  std::vector<uint64_t> wide_scratch_;
  std::string bytes_;
};

}  // namespace robomerge::measure
