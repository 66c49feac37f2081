#include "formats/parquet/footer.h"

#include <algorithm>

#include "base/foreign_file.h"
#include "base/text.h"
#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
constexpr uint64_t kFirstReadBytes = uint64_t{64} << 10;
// Some 300 bytes for each column of each episode: a file of a million column chunks has as much.
constexpr uint64_t kMostFooterBytes = uint64_t{256} << 20;

std::string Printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += c >= 0x20 && c < 0x7f ? std::string(1, c) : ".";
  return "\"" + text + "\"";
}

// Checks the magic of a file that begins with `head` and ends with `end`.
Status CheckMagic(const std::string& path, std::string_view head, std::string_view end,
                  uint64_t size_bytes) {
  const bool begins = head.starts_with(kMagic), ends = end.ends_with(kMagic);
  if (begins && ends && size_bytes >= kMagic.size() + kTailBytes) return Status();
  if (head.starts_with(kEncryptedMagic) || end.ends_with(kEncryptedMagic))
    return Problem(Code::kUnsupported, "the file is encrypted").At(path).Hint("decrypt it first");
  if (begins) {
    return Problem(Code::kCorrupt,
                   "a Parquet file has no footer: it was cut off, or never finished")
        .Kind("E-unfinished-file")
        .At(path)
        .Expected("a footer, and PAR1 at its end")
        .Found(StrCat(Printable(end.substr(end.size() - std::min<size_t>(4, end.size()))),
                      " at the end of ", WithSeparators(size_bytes), " bytes"))
        .Hint(
            "if it is whole where it was copied from, copy it again. What a recorder that was "
            "killed leaves so, nothing can read");
  }
  if (std::optional<Problem> foreign = ForeignFile(head, path, "a Parquet file"))
    return *std::move(foreign);
  return Problem(Code::kCorrupt, "not a Parquet file")
      .At(path)
      .Expected("PAR1 at its begin and end")
      .Found(StrCat(Printable(head.substr(0, 4)), " at its begin"))
      .Hint("if it is a Parquet file where it was copied from, copy it again");
}

Problem FooterTooLong(const std::string& path, uint64_t size, uint64_t footer_bytes) {
  return Problem(Code::kCorrupt, "the footer is longer than the file")
      .At(StrCat(path, ": byte ", WithSeparators(size - kTailBytes)))
      .Expected(StrCat("at most ", WithSeparators(size - kMagic.size() - kTailBytes), " bytes"))
      .Found(StrCat(WithSeparators(footer_bytes), " bytes"))
      .Hint("copy the file again");
}

std::span<std::byte> Writable(std::string& text) {
  return std::as_writable_bytes(std::span<char>(text));
}

}  // namespace

std::string ColumnPlace(const std::string& path, const std::string& column) {
  return StrCat(path, ": column `", column, "`");
}

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
  ROBOMERGE_RETURN_NOT_OK(CheckMagic(path, file, file, file.size()));
  const uint64_t footer_bytes = LittleEndian32(file.substr(file.size() - kTailBytes));
  if (footer_bytes > file.size() - kMagic.size() - kTailBytes)
    return FooterTooLong(path, file.size(), footer_bytes);
  const uint64_t begin = file.size() - kTailBytes - footer_bytes;
  return ParseFooter(std::move(path), file.size(), begin,
                     std::string(file.substr(begin, footer_bytes)));
}

Result<Footer> Footer::Read(const io::RandomAccessFile& file) {
  const uint64_t size = file.size_bytes();
  const std::string& path = file.path();
  std::string head(std::min<uint64_t>(size, kForeignHeadBytes), '\0');
  ROBOMERGE_RETURN_NOT_OK(file.ReadAt(0, Writable(head)));
  std::string end(std::min(size, kFirstReadBytes), '\0');
  ROBOMERGE_RETURN_NOT_OK(file.ReadAt(size - end.size(), Writable(end)));
  ROBOMERGE_RETURN_NOT_OK(CheckMagic(path, head, end, size));
  const uint64_t footer_bytes =
      LittleEndian32(std::string_view(end).substr(end.size() - kTailBytes));
  if (footer_bytes > size - kMagic.size() - kTailBytes)
    return FooterTooLong(path, size, footer_bytes);
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
