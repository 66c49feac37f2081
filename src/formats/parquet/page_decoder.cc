#include <arrow/util/compression.h>

#include <bit>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "formats/parquet/page_check_internal.h"
#include "formats/parquet/page_decoder_internal.h"

namespace robomerge::parquet {
namespace {

static_assert(std::endian::native == std::endian::little,
              "values are read as they lie in the file");

// What claims more is not a table of metadata, and is left to Arrow.
constexpr int64_t kMostPageBytes = int64_t{1} << 28;
constexpr int64_t kMostEntries = int64_t{1} << 24;

// The RLE / bit-packed hybrid of Encodings.md: runs of one value, and bit-packed groups of eight
// values.
class HybridReader {
 public:
  HybridReader(std::string_view bytes, int bit_width) : bytes_(bytes), bit_width_(bit_width) {}

  // Hands `count` values to `take`. False if there are fewer.
  template <typename Take>
  bool Read(uint64_t count, Take take) {
    if (bit_width_ == 0) {
      for (uint64_t i = 0; i < count; ++i) take(0);
      return true;
    }
    while (count > 0) {
      uint64_t header = 0;
      if (!ReadVarint(header)) return false;
      if ((header & 1) == 0) {
        const uint64_t length = std::min(header >> 1, count);
        uint32_t value = 0;
        const size_t value_bytes = static_cast<size_t>(bit_width_ + 7) / 8;
        if (bytes_.size() < value_bytes) return false;
        std::memcpy(&value, bytes_.data(), value_bytes);
        bytes_.remove_prefix(value_bytes);
        for (uint64_t i = 0; i < length; ++i) take(value);
        count -= length;
        continue;
      }
      const uint64_t groups = header >> 1;
      if (groups > bytes_.size() / static_cast<size_t>(bit_width_) + 1) return false;
      // Writers may leave out the unused end of the last group.
      const std::string_view packed =
          bytes_.substr(0, static_cast<size_t>(groups) * static_cast<size_t>(bit_width_));
      const uint64_t length = std::min(groups * 8, count);
      uint64_t bit = 0;
      for (uint64_t i = 0; i < length; ++i, bit += static_cast<uint64_t>(bit_width_)) {
        if ((bit + static_cast<uint64_t>(bit_width_) + 7) / 8 > packed.size()) return false;
        uint64_t window = 0;
        const size_t byte = static_cast<size_t>(bit / 8);
        std::memcpy(&window, packed.data() + byte,
                    std::min<size_t>(sizeof(window), packed.size() - byte));
        take(static_cast<uint32_t>(window >> (bit % 8)) & Mask());
      }
      bytes_.remove_prefix(packed.size());
      count -= length;
    }
    return true;
  }

 private:
  uint32_t Mask() const {
    return bit_width_ >= 32 ? ~uint32_t{0} : (uint32_t{1} << bit_width_) - 1;
  }

  bool ReadVarint(uint64_t& value) {
    for (int shift = 0; shift < 35; shift += 7) {
      if (bytes_.empty()) return false;
      const auto byte = static_cast<uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  std::string_view bytes_;
  int bit_width_;
};

template <typename Value>
Value Take(std::string_view& bytes) {
  Value value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  bytes.remove_prefix(sizeof(value));
  return value;
}

// Values of one physical type, plain or as the entries of a dictionary.
struct Values {
  std::vector<int64_t> integers;
  std::vector<double> doubles;
  std::vector<std::string_view> texts;
};

class LeafDecoder {
 public:
  LeafDecoder(const Footer::Representation& footer, std::string_view file, size_t leaf)
      : footer_(footer), file_(file), leaf_number_(leaf), leaf_(footer.leaves[leaf]) {}

  std::optional<LeafValues> Run() {
    switch (leaf_.type) {
      case PhysicalType::kInt96:
      case PhysicalType::kFixedLenByteArray:
        return std::nullopt;
      default:
        break;
    }
    if (leaf_.max_definition_level > 15 || leaf_.max_repetition_level > 15) return std::nullopt;
    for (size_t row_group = 0; row_group < footer_.row_groups.size(); ++row_group) {
      if (footer_.row_groups[row_group].num_rows > 0 && !DecodeChunk(row_group))
        return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  bool DecodeChunk(size_t row_group) {
    const ColumnChunk& chunk = footer_.row_groups[row_group].columns[leaf_number_];
    codec_ = footer_.place(row_group, leaf_number_).codec;
    if (codec_ != kUncompressed && codec_ != kSnappy) return false;
    if (chunk.num_values > kMostEntries) return false;
    if (!RangeFits(chunk.begin, chunk.compressed_bytes, file_.size())) return false;
    std::string_view bytes = file_.substr(chunk.begin, chunk.compressed_bytes);
    dictionary_.reset();
    int64_t left = chunk.num_values;
    while (left > 0) {
      PageHeader page;
      size_t header_bytes = 0;
      if (!ReadPageHeader(bytes, page, header_bytes) || page.uncompressed_bytes < 0 ||
          page.compressed_bytes < 0 || page.uncompressed_bytes > kMostPageBytes ||
          page.num_values < 0) {
        return false;
      }
      bytes.remove_prefix(header_bytes);
      if (static_cast<uint64_t>(page.compressed_bytes) > bytes.size()) return false;
      const std::optional<std::string_view> body =
          Decompress(page, bytes.substr(0, static_cast<size_t>(page.compressed_bytes)));
      bytes.remove_prefix(static_cast<size_t>(page.compressed_bytes));
      if (!body) return false;
      if (page.type == kDictionaryPage) {
        if (dictionary_ || (page.encoding != kPlain && page.encoding != kPlainDictionary))
          return false;
        dictionary_.emplace();
        std::string_view plain = *body;
        if (!ReadPlain(plain, static_cast<uint64_t>(page.num_values), *dictionary_)) return false;
        continue;
      }
      if (page.type != kDataPage || page.num_values > left || !DecodeDataPage(page, *body))
        return false;
      left -= page.num_values;
    }
    return true;
  }

  std::optional<std::string_view> Decompress(const PageHeader& page, std::string_view body) {
    if (codec_ == kUncompressed)
      return page.uncompressed_bytes == page.compressed_bytes ? std::optional(body) : std::nullopt;
    static const std::unique_ptr<arrow::util::Codec> codec =
        arrow::util::Codec::Create(arrow::Compression::SNAPPY).ValueOr(nullptr);
    if (codec == nullptr) return std::nullopt;
    // Snappy's output is at most 64 bytes for each 3 of its input: what claims more must not cost
    // memory.
    if (page.uncompressed_bytes > page.compressed_bytes * 32 + 64) return std::nullopt;
    auto buffer = std::make_unique<std::string>(static_cast<size_t>(page.uncompressed_bytes), '\0');
    const auto size =
        codec->Decompress(page.compressed_bytes, reinterpret_cast<const uint8_t*>(body.data()),
                          page.uncompressed_bytes, reinterpret_cast<uint8_t*>(buffer->data()));
    if (!size.ok() || *size != page.uncompressed_bytes) return std::nullopt;
    out_.buffers.push_back(std::move(buffer));
    return std::string_view(*out_.buffers.back());
  }

  bool DecodeDataPage(const PageHeader& page, std::string_view body) {
    const auto num_entries = static_cast<uint64_t>(page.num_values);
    uint64_t num_values = num_entries;
    if (leaf_.max_repetition_level > 0) {
      if (page.repetition_encoding != kRle ||
          !ReadLevels(body, leaf_.max_repetition_level, num_entries, out_.repetition_levels))
        return false;
    }
    if (leaf_.max_definition_level > 0) {
      const size_t first = out_.definition_levels.size();
      if (page.definition_encoding != kRle ||
          !ReadLevels(body, leaf_.max_definition_level, num_entries, out_.definition_levels))
        return false;
      num_values = 0;
      for (size_t i = first; i < out_.definition_levels.size(); ++i)
        num_values += out_.definition_levels[i] == leaf_.max_definition_level;
    }
    out_.num_entries += num_entries;
    if (page.encoding == kPlain) {
      Values values;
      if (!ReadPlain(body, num_values, values)) return false;
      out_.integers.insert(out_.integers.end(), values.integers.begin(), values.integers.end());
      out_.doubles.insert(out_.doubles.end(), values.doubles.begin(), values.doubles.end());
      out_.texts.insert(out_.texts.end(), values.texts.begin(), values.texts.end());
      return true;
    }
    if ((page.encoding != kRleDictionary && page.encoding != kPlainDictionary) || !dictionary_)
      return false;
    if (num_values == 0) return true;
    if (body.empty()) return false;
    const auto bit_width = static_cast<uint8_t>(body.front());
    if (bit_width > 32) return false;
    HybridReader indices(body.substr(1), bit_width);
    bool fits = true;
    const bool read =
        indices.Read(num_values, [&](uint32_t index) { fits = fits && TakeEntry(index); });
    return read && fits;
  }

  bool TakeEntry(uint32_t index) {
    const Values& entries = *dictionary_;
    switch (leaf_.type) {
      case PhysicalType::kFloat:
      case PhysicalType::kDouble:
        if (index >= entries.doubles.size()) return false;
        out_.doubles.push_back(entries.doubles[index]);
        return true;
      case PhysicalType::kByteArray:
        if (index >= entries.texts.size()) return false;
        out_.texts.push_back(entries.texts[index]);
        return true;
      default:
        if (index >= entries.integers.size()) return false;
        out_.integers.push_back(entries.integers[index]);
        return true;
    }
  }

  // Levels of a v1 data page: four bytes of length, then the hybrid.
  static bool ReadLevels(std::string_view& body, int max_level, uint64_t count,
                         std::vector<uint8_t>& levels) {
    if (body.size() < 4) return false;
    const uint32_t length = Take<uint32_t>(body);
    if (length > body.size()) return false;
    HybridReader reader(body.substr(0, length), std::bit_width(static_cast<unsigned>(max_level)));
    body.remove_prefix(length);
    bool fits = true;
    return reader.Read(count, [&](uint32_t level) {
      fits = fits && level <= static_cast<uint32_t>(max_level);
      levels.push_back(static_cast<uint8_t>(level));
    }) && fits;
  }

  bool ReadPlain(std::string_view bytes, uint64_t count, Values& out) const {
    switch (leaf_.type) {
      case PhysicalType::kBoolean:
        if (bytes.size() < (count + 7) / 8) return false;
        for (uint64_t i = 0; i < count; ++i)
          out.integers.push_back((static_cast<uint8_t>(bytes[i / 8]) >> (i % 8)) & 1);
        return true;
      case PhysicalType::kInt32:
        if (bytes.size() / 4 < count) return false;
        for (uint64_t i = 0; i < count; ++i) out.integers.push_back(Take<int32_t>(bytes));
        return true;
      case PhysicalType::kInt64:
        if (bytes.size() / 8 < count) return false;
        for (uint64_t i = 0; i < count; ++i) out.integers.push_back(Take<int64_t>(bytes));
        return true;
      case PhysicalType::kFloat:
        if (bytes.size() / 4 < count) return false;
        for (uint64_t i = 0; i < count; ++i)
          out.doubles.push_back(static_cast<double>(Take<float>(bytes)));
        return true;
      case PhysicalType::kDouble:
        if (bytes.size() / 8 < count) return false;
        for (uint64_t i = 0; i < count; ++i) out.doubles.push_back(Take<double>(bytes));
        return true;
      case PhysicalType::kByteArray:
        for (uint64_t i = 0; i < count; ++i) {
          if (bytes.size() < 4) return false;
          const uint32_t length = Take<uint32_t>(bytes);
          if (length > bytes.size()) return false;
          out.texts.push_back(bytes.substr(0, length));
          bytes.remove_prefix(length);
        }
        return true;
      default:
        return false;
    }
  }

  const Footer::Representation& footer_;
  std::string_view file_;
  const size_t leaf_number_;
  const Leaf& leaf_;
  int32_t codec_ = kUncompressed;
  std::optional<Values> dictionary_;
  LeafValues out_;
};

}  // namespace

std::optional<LeafValues> DecodeLeaf(const Footer::Representation& footer, std::string_view file,
                                     size_t leaf) {
  return LeafDecoder(footer, file, leaf).Run();
}

}  // namespace robomerge::parquet
