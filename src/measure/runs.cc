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
void SortKeys(std::vector<uint64_t>& keys, std::vector<uint64_t>& scratch) {
  using Key = uint64_t;
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

const std::vector<Bucketing::Bucket>& Bucketing::Of(std::vector<uint32_t>& keys) {
  SortByDigit(keys);
  if (lows_.size() < keys.size()) lows_.resize(keys.size());
  buckets_.clear();
  for (size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
    Bucket& bucket = buckets_.emplace_back();
    bucket.digit = keys[begin] >> kDigitBits;
    while (end < keys.size() && keys[end] >> kDigitBits == bucket.digit) ++end;
    uint32_t least = 0xffff, greatest = 0;
    for (size_t at = begin; at < end; ++at) {
      const uint32_t low = keys[at] & 0xffff;
      lows_[at] = static_cast<uint16_t>(low);
      least = std::min(least, low);
      greatest = std::max(greatest, low);
      bucket.sum += low;
      bucket.squares += uint64_t{low} * low;
    }
    bucket.least = static_cast<uint16_t>(least);
    bucket.greatest = static_cast<uint16_t>(greatest);
    bucket.lows = std::span(lows_).subspan(begin, end - begin);
  }
  return buckets_;
}

// By parts of the digit, from the lowest one on: by all of it at once where the keys are so many
// that counters for every digit cost little beside them. A part that all keys share is passed over.
void Bucketing::SortByDigit(std::vector<uint32_t>& keys) {
  const uint32_t part_bits = keys.size() >> kDigitBits == 0 ? kDigitBits / 2 : kDigitBits;
  const uint32_t mask = (uint32_t{1} << part_bits) - 1;
  scratch_.resize(keys.size());
  for (uint32_t shift = kDigitBits; shift < 32 && !keys.empty(); shift += part_bits) {
    places_.assign(size_t{mask} + 1, 0);
    for (const uint32_t key : keys) ++places_[key >> shift & mask];
    if (places_[keys.front() >> shift & mask] == keys.size()) continue;
    uint32_t before = 0;
    for (uint32_t& place : places_) before += std::exchange(place, before);
    for (const uint32_t key : keys) scratch_[places_[key >> shift & mask]++] = key;
    keys.swap(scratch_);
  }
}

uint64_t AppendRun(const std::vector<Bucketing::Bucket>& buckets, std::string& out) {
  static_assert(std::endian::native == std::endian::little, "lows are written as they are");
  const size_t begin = out.size();
  ByteWriter heads(out);
  uint32_t last_digit = 0;
  for (const Bucketing::Bucket& bucket : buckets) {
    const bool is_one = bucket.least == bucket.greatest;
    heads.Number(bucket.digit - last_digit);
    heads.Number(bucket.lows.size());
    heads.Number(is_one ? sizeof(uint16_t) : bucket.lows.size_bytes());
    last_digit = bucket.digit;
  }
  const size_t directory_bytes = out.size() - begin;
  for (const Bucketing::Bucket& bucket : buckets) {
    const bool is_one = bucket.least == bucket.greatest;
    out.append(reinterpret_cast<const char*>(bucket.lows.data()),
               is_one ? sizeof(uint16_t) : bucket.lows.size_bytes());
  }
  return directory_bytes;
}

uint64_t AppendRun(const std::vector<uint64_t>& sorted, std::string& out) {
  using Key = uint64_t;
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
  std::vector<Entry> entries;
  if (key_bits == 32) {
    constexpr size_t kLowBytes = sizeof(uint16_t);
    const bool is_one = bytes.size() == kLowBytes;
    if (bucket.num_values == 0 || (!is_one && bytes.size() / kLowBytes != bucket.num_values) ||
        bytes.size() % kLowBytes != 0)
      return Damaged(path);
    entries.reserve(bytes.size() / kLowBytes);
    for (size_t at = 0; at < bytes.size(); at += kLowBytes) {
      const auto low = static_cast<uint8_t>(bytes[at]), high = static_cast<uint8_t>(bytes[at + 1]);
      const uint64_t key = uint64_t{bucket.digit} << kDigitBits | uint64_t{high} << 8 | low;
      entries.push_back({key, is_one ? bucket.num_values : 1});
    }
    return entries;
  }
  ByteReader in(bytes);
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
