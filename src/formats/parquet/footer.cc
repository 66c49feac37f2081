#include "formats/parquet/footer.h"

#include <algorithm>

#include "base/text.h"
#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
constexpr uint64_t kTailBytes = 8;  // length and magic
constexpr uint64_t kFirstReadBytes = uint64_t{64} << 10;
// Some 300 bytes for each column of each episode: a file of a million column chunks has as much.
constexpr uint64_t kMostFooterBytes = uint64_t{256} << 20;

Problem NotParquet(const std::string& path, std::string found) {
  return Problem(Code::kCorrupt, "not a Parquet file, or one that was cut off")
      .At(path)
      .Expected("PAR1 at its begin and end")
      .Found(std::move(found))
      .Hint("copy the file again");
}

std::string Printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += c >= 0x20 && c < 0x7f ? std::string(1, c) : ".";
  return "\"" + text + "\"";
}

Status CheckMagic(const std::string& path, std::string_view magic, const char* where) {
  if (magic == kMagic) return Status();
  if (magic == kEncryptedMagic) {
    return Problem(Code::kUnsupported, "the file is encrypted").At(path).Hint("decrypt it first");
  }
  return NotParquet(path, StrCat(Printable(magic), " at its ", where));
}

std::span<std::byte> Writable(std::string& text) {
  return std::as_writable_bytes(std::span<char>(text));
}

}  // namespace

uint64_t RowGroup::uncompressed_bytes() const {
  uint64_t sum = 0;
  for (const ColumnChunk& chunk : columns) sum += chunk.uncompressed_bytes;
  return sum;
}

std::optional<uint32_t> Footer::Representation::column(std::string_view name) const {
  const auto found = std::find(column_names.begin(), column_names.end(), name);
  if (found == column_names.end()) return std::nullopt;
  return static_cast<uint32_t>(found - column_names.begin());
}

Result<std::shared_ptr<const Footer::Representation>> ParseFileInMemory(std::string path,
                                                                        std::string_view file) {
  if (file.size() < kMagic.size() + kTailBytes) return NotParquet(path, FormatBytes(file.size()));
  ROBOMERGE_RETURN_NOT_OK(CheckMagic(path, file.substr(0, 4), "begin"));
  ROBOMERGE_RETURN_NOT_OK(CheckMagic(path, file.substr(file.size() - 4), "end"));
  const uint64_t footer_bytes = LittleEndian32(file.substr(file.size() - kTailBytes));
  if (footer_bytes > file.size() - kMagic.size() - kTailBytes)
    return NotParquet(path, StrCat("a footer of ", WithSeparators(footer_bytes), " bytes"));
  const uint64_t begin = file.size() - kTailBytes - footer_bytes;
  return ParseFooter(std::move(path), file.size(), begin,
                     std::string(file.substr(begin, footer_bytes)));
}

Result<Footer> Footer::Read(const io::RandomAccessFile& file) {
  const uint64_t size = file.size_bytes();
  const std::string& path = file.path();
  if (size < kMagic.size() + kTailBytes)
    return NotParquet(path, StrCat("a file of ", WithSeparators(size), " bytes"));
  std::string head(kMagic.size(), '\0');
  ROBOMERGE_RETURN_NOT_OK(file.ReadAt(0, Writable(head)));
  ROBOMERGE_RETURN_NOT_OK(CheckMagic(path, head, "begin"));
  std::string end(std::min(size, kFirstReadBytes), '\0');
  ROBOMERGE_RETURN_NOT_OK(file.ReadAt(size - end.size(), Writable(end)));
  ROBOMERGE_RETURN_NOT_OK(
      CheckMagic(path, std::string_view(end).substr(end.size() - kMagic.size()), "end"));
  const uint64_t footer_bytes =
      LittleEndian32(std::string_view(end).substr(end.size() - kTailBytes));
  if (footer_bytes > size - kMagic.size() - kTailBytes) {
    return Problem(Code::kCorrupt, "the footer is longer than the file")
        .At(StrCat(path, ": byte ", WithSeparators(size - kTailBytes)))
        .Expected(StrCat("at most ", WithSeparators(size - kMagic.size() - kTailBytes), " bytes"))
        .Found(StrCat(WithSeparators(footer_bytes), " bytes"))
        .Hint("copy the file again");
  }
  if (footer_bytes > kMostFooterBytes) {
    return Problem(Code::kUnsupported, "the footer is too large")
        .At(path)
        .Expected(StrCat("at most ", WithSeparators(kMostFooterBytes), " bytes"))
        .Found(StrCat(WithSeparators(footer_bytes), " bytes"))
        .Hint("write the rows anew into several files");
  }
  const uint64_t footer_begin = size - kTailBytes - footer_bytes;
  std::string bytes;
  if (footer_bytes + kTailBytes <= end.size()) {
    bytes = end.substr(end.size() - kTailBytes - footer_bytes, footer_bytes);
  } else {
    bytes.resize(footer_bytes);
    ROBOMERGE_RETURN_NOT_OK(file.ReadAt(footer_begin, Writable(bytes)));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(auto representation,
                             ParseFooter(path, size, footer_begin, std::move(bytes)));
  return Footer(std::move(representation));
}

Footer::Footer(std::shared_ptr<const Representation> representation)
    : representation_(std::move(representation)) {}

int64_t Footer::num_rows() const { return representation_->num_rows; }
const std::vector<Leaf>& Footer::leaves() const { return representation_->leaves; }
const std::vector<RowGroup>& Footer::row_groups() const { return representation_->row_groups; }
const std::vector<std::string>& Footer::column_names() const {
  return representation_->column_names;
}
uint64_t Footer::footer_bytes() const { return representation_->bytes.size(); }
std::string_view Footer::created_by() const { return representation_->created_by; }

std::optional<std::string_view> Footer::key_value(std::string_view key) const {
  for (const auto& [name, value] : representation_->key_values) {
    if (name == key) return value;
  }
  return std::nullopt;
}

uint64_t Footer::uncompressed_bytes() const {
  uint64_t sum = 0;
  for (const RowGroup& row_group : representation_->row_groups)
    sum += row_group.uncompressed_bytes();
  return sum;
}

}  // namespace robomerge::parquet
