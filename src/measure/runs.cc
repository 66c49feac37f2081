#include "measure/runs.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "measure/bytes.h"

namespace robomerge::measure {
namespace {

Problem Damaged(const std::string& path) {
  return Problem(Code::kCorrupt, "summary of rows is damaged")
      .Kind("E-journal-damaged")
      .At(path)
      .Hint("remove this file: the rows are then measured again");
}

}  // namespace

// By digits, from the lowest one on. A digit that all keys share is passed over.
template <typename Key>
void SortKeys(std::vector<Key>& keys, std::vector<Key>& scratch) {
  constexpr size_t kFew = 512;
  if (keys.size() < kFew) return std::sort(keys.begin(), keys.end());
  constexpr uint32_t kBits = 11;
  constexpr size_t kNumDigits = (sizeof(Key) * 8 + kBits - 1) / kBits;
  using Counts = std::array<uint32_t, size_t{1} << kBits>;
  constexpr Key kMask = (Key{1} << kBits) - 1;
  std::vector<Counts> counts(kNumDigits, Counts{});
  for (const Key key : keys) {
    for (size_t digit = 0; digit < kNumDigits; ++digit)
      ++counts[digit][static_cast<size_t>(key >> (digit * kBits) & kMask)];
  }
  scratch.resize(keys.size());
  for (size_t digit = 0; digit < kNumDigits; ++digit) {
    const auto shift = static_cast<uint32_t>(digit * kBits);
    Counts& places = counts[digit];
    if (places[static_cast<size_t>(keys.front() >> shift & kMask)] == keys.size()) continue;
    uint32_t before = 0;
    for (uint32_t& place : places) before += std::exchange(place, before);
    for (const Key key : keys) scratch[places[static_cast<size_t>(key >> shift & kMask)]++] = key;
    keys.swap(scratch);
  }
}

template <typename Key>
uint64_t AppendRun(const std::vector<Key>& sorted, std::string& out) {
  constexpr uint32_t kShift = std::numeric_limits<Key>::digits - kDigitBits;
  // Of a number of 65 bits and of a count.
  constexpr size_t kMostEntryBytes = 20;
  std::string directory;
  ByteWriter heads(directory);
  const auto entries = std::make_unique_for_overwrite<char[]>(sorted.size() * kMostEntryBytes);
  char* end_of_entries = entries.get();
  const auto add = [&end_of_entries](uint64_t value) {
    for (; value >= 0x80; value >>= 7) *end_of_entries++ = static_cast<char>(value | 0x80);
    *end_of_entries++ = static_cast<char>(value);
  };
  uint64_t last_digit = 0;
  for (size_t begin = 0; begin < sorted.size();) {
    const Key digit = sorted[begin] >> kShift;
    const char* const entries_begin = end_of_entries;
    const size_t first = begin;
    Key last = static_cast<Key>(digit << kShift);
    while (begin < sorted.size() && sorted[begin] >> kShift == digit) {
      const Key key = sorted[begin];
      size_t end = begin + 1;
      while (end < sorted.size() && sorted[end] == key) ++end;
      // Most values occur once: the lowest bit says if that is not so.
      const bool repeats = end - begin > 1;
      add(static_cast<uint64_t>(key - last) << 1 | (repeats ? 1 : 0));
      if (repeats) add(end - begin);
      last = key;
      begin = end;
    }
    heads.Number(static_cast<uint64_t>(digit) - last_digit);
    heads.Number(begin - first);
    heads.Number(static_cast<uint64_t>(end_of_entries - entries_begin));
    last_digit = static_cast<uint64_t>(digit);
  }
  out += directory;
  out.append(entries.get(), static_cast<size_t>(end_of_entries - entries.get()));
  return directory.size();
}

template void SortKeys(std::vector<uint32_t>&, std::vector<uint32_t>&);
template void SortKeys(std::vector<uint64_t>&, std::vector<uint64_t>&);
template uint64_t AppendRun(const std::vector<uint32_t>&, std::string&);
template uint64_t AppendRun(const std::vector<uint64_t>&, std::string&);

Result<std::vector<Bucket>> ReadDirectory(std::string_view directory, uint64_t payload_bytes,
                                          const std::string& path) {
  ByteReader in(directory);
  std::vector<Bucket> buckets;
  uint64_t offset = 0, digit = 0;
  while (in.ok() && !in.at_end()) {
    Bucket bucket;
    const uint64_t distance = in.Number();
    if (distance >> kDigitBits != 0) return Damaged(path);
    digit += distance;
    bucket.digit = static_cast<uint32_t>(digit);
    bucket.num_values = in.Number();
    bucket.num_bytes = in.Number();
    bucket.offset = offset;
    if (digit >> kDigitBits != 0 || bucket.num_bytes > payload_bytes - offset ||
        (distance == 0 && !buckets.empty()))
      return Damaged(path);
    offset += bucket.num_bytes;
    buckets.push_back(bucket);
  }
  if (!in.ok() || offset != payload_bytes) return Damaged(path);
  return buckets;
}

Result<std::vector<Entry>> ReadBucket(const Bucket& bucket, std::string_view bytes,
                                      uint32_t key_bits, const std::string& path) {
  ByteReader in(bytes);
  std::vector<Entry> entries;
  const uint32_t shift = key_bits - kDigitBits;
  uint64_t key = uint64_t{bucket.digit} << shift, num_values = 0;
  while (in.ok() && !in.at_end()) {
    const uint64_t head = in.Number();
    const uint64_t times = (head & 1) != 0 ? in.Number() : 1;
    key += head >> 1;
    num_values += times;
    if (key >> shift != bucket.digit || times > bucket.num_values) return Damaged(path);
    entries.push_back({key, times});
  }
  if (!in.ok() || num_values != bucket.num_values) return Damaged(path);
  return entries;
}

}  // namespace robomerge::measure
