#include "measure/value_sorter.h"

#include <algorithm>

namespace robomerge::measure {
namespace {

// Adds the values of a bucket to the sums. All have one sign and one exponent.
void AddBucket(const Bucketing::Bucket& bucket, ExactSums& sums) {
  const auto key = [&](uint32_t low) { return bucket.digit << kDigitBits | low; };
  if (bucket.least == bucket.greatest) {
    sums.Add(ValueOf(key(bucket.least)), bucket.lows.size());
    return;
  }
  constexpr uint32_t kMantissaBits = 23, kLowest = (1U << kDigitBits) - 1;
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(ValueOf(key(0))));
  const bool is_negative = (bits >> 31) != 0;
  const uint32_t exponent = bits >> kMantissaBits & 0xff;
  if (exponent == 0) {
    for (const uint16_t low : bucket.lows) sums.Add(ValueOf(key(low)), 1);
    return;
  }
  // The mantissas of all, without their low bits; which are those of the keys, of negative numbers
  // the other way about.
  const uint64_t count = bucket.lows.size();
  const uint64_t high =
      uint64_t{1} << kMantissaBits | (bits & ((1U << kMantissaBits) - 1) & ~kLowest);
  uint64_t sum = bucket.sum, squares = bucket.squares;
  if (is_negative) {
    squares = count * kLowest * kLowest - 2 * kLowest * sum + squares;
    sum = count * kLowest - sum;
  }
  sums.AddFloats(is_negative, exponent, count * high + sum,
                 static_cast<UnsignedWide>(high * high) * count +
                     static_cast<UnsignedWide>(2 * high) * sum + squares);
}

uint64_t Sort(std::vector<uint32_t>& keys, Bucketing& bucketing, ElementFacts& element,
              std::string& bytes) {
  if (keys.empty()) return 0;
  const std::vector<Bucketing::Bucket>& buckets = bucketing.Of(keys);
  const auto value = [](uint32_t digit, uint32_t low) {
    return ValueOf(digit << kDigitBits | low);
  };
  element.least = std::min(element.least, value(buckets.front().digit, buckets.front().least));
  element.greatest =
      std::max(element.greatest, value(buckets.back().digit, buckets.back().greatest));
  for (const Bucketing::Bucket& bucket : buckets) AddBucket(bucket, element.sums);
  keys.clear();
  return AppendRun(buckets, bytes);
}

uint64_t Sort(std::vector<uint64_t>& keys, std::vector<uint64_t>& scratch, ElementFacts& element,
              std::string& bytes) {
  if (keys.empty()) return 0;
  SortKeys(keys, scratch);
  element.least = std::min(element.least, ValueOf(keys.front()));
  element.greatest = std::max(element.greatest, ValueOf(keys.back()));
  for (size_t begin = 0; begin < keys.size();) {
    size_t end = begin + 1;
    while (end < keys.size() && keys[end] == keys[begin]) ++end;
    element.sums.Add(ValueOf(keys[begin]), end - begin);
    begin = end;
  }
  const uint64_t directory_bytes = AppendRun(keys, bytes);
  keys.clear();
  return directory_bytes;
}

}  // namespace

ValueSorter::ValueSorter(io::OutputFile& out, Summary& summary, uint64_t buffer_bytes)
    : writer_(out), summary_(summary), buffer_bytes_(buffer_bytes) {
  size_t num_elements = 0;
  for (const FeatureFacts& feature : summary.features) {
    first_element_.push_back(num_elements);
    num_elements += feature.elements.size();
  }
  waiting_.resize(num_elements);
}

Status ValueSorter::Flush() {
  if (waiting_bytes_ == 0) return Status();
  bytes_.clear();
  std::vector<RunPlace> runs;
  size_t at = 0;
  for (FeatureFacts& feature : summary_.features) {
    for (ElementFacts& element : feature.elements) {
      Waiting& waiting = waiting_[at++];
      RunPlace& run = runs.emplace_back();
      const size_t begin = bytes_.size();
      run.directory_bytes = feature.key_bits == 32
                                ? Sort(waiting.narrow, bucketing_, element, bytes_)
                                : Sort(waiting.wide, wide_scratch_, element, bytes_);
      run.payload_bytes = bytes_.size() - begin - run.directory_bytes;
    }
  }
  waiting_bytes_ = 0;
  return writer_.AddBlock(bytes_, std::move(runs));
}

Status ValueSorter::Finish() {
  ROBOMERGE_RETURN_NOT_OK(Flush());
  return writer_.Finish(summary_);
}

}  // namespace robomerge::measure
