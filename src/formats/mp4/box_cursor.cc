#include "formats/mp4/box_cursor.h"

#include <algorithm>

#include "base/text.h"

namespace robomerge::mp4 {
namespace {

// A list of boxes costs far more memory than its bytes; real containers hold a few dozen.
constexpr size_t kMaxChildren = 4096;

// Types that occur several times in a container and are numbered in paths.
bool IsNumbered(FourCc type) {
  return type == Tag("trak") || type == Tag("traf") || type == Tag("trex");
}

}  // namespace

std::string Diagnosis::Place(std::string_view place, uint64_t byte) const {
  return StrCat(file_path_, ": ", place, place.empty() ? "" : ", ", "byte ", WithSeparators(byte));
}

void BoxCursor::Fail(std::string what, std::string expected, std::string found) const {
  FailAt(byte(), std::move(what), std::move(expected), std::move(found));
}

void BoxCursor::FailAt(uint64_t file_byte, std::string what, std::string expected,
                       std::string found) const {
  diagnosis_->Fail(Problem(Code::kCorrupt, std::move(what))
                       .At(diagnosis_->Place(path_, file_byte))
                       .Expected(std::move(expected))
                       .Found(std::move(found)));
}

void BoxCursor::Fail(Problem problem) const {
  problem.where = diagnosis_->Place(path_, byte());
  diagnosis_->Fail(std::move(problem));
}

std::span<const std::byte> BoxCursor::Bytes(uint64_t count, const char* field) {
  if (!ok()) return {};
  if (count > bytes_.size() - offset_) {
    Fail("box ends early", StrCat(WithSeparators(count), " B of ", field),
         StrCat(WithSeparators(bytes_.size() - offset_), " B to the end of the box"));
    return {};
  }
  const auto taken = bytes_.subspan(offset_, static_cast<size_t>(count));
  offset_ += static_cast<size_t>(count);
  return taken;
}

std::span<const std::byte> BoxCursor::Table(uint64_t num_entries, uint64_t entry_bytes,
                                            const char* entries) {
  if (!ok()) return {};
  const uint64_t num_present = (bytes_.size() - offset_) / entry_bytes;
  if (num_entries > num_present) {
    Fail("sample table ends early", StrCat(WithSeparators(num_entries), " ", entries),
         WithSeparators(num_present));
    return {};
  }
  return Bytes(num_entries * entry_bytes, entries);
}

std::span<const std::byte> BoxCursor::Rest() {
  const auto rest = ok() ? bytes_.subspan(offset_) : std::span<const std::byte>();
  offset_ = bytes_.size();
  return rest;
}

uint64_t BoxCursor::Number(size_t num_bytes, const char* field) {
  uint64_t number = 0;
  for (const std::byte byte : Bytes(num_bytes, field))
    number = number << 8 | static_cast<uint64_t>(byte);
  return number;
}

uint8_t BoxCursor::FullBoxVersion(uint8_t highest_version, uint32_t* flags) {
  const uint64_t start = byte();
  const uint32_t word = U32("version and flags");
  const auto version = static_cast<uint8_t>(word >> 24);
  if (ok() && version > highest_version) {
    diagnosis_->Fail(
        Problem(Code::kUnsupported, "box version is newer than ISO/IEC 14496-12 describes")
            .At(diagnosis_->Place(path_, start))
            .Expected(StrCat("version ", int{highest_version}, " or lower"))
            .Found(StrCat("version ", int{version})));
  }
  if (flags != nullptr) *flags = word & 0xffffff;
  return version;
}

std::optional<Box> BoxCursor::NextBox() {
  if (!ok() || offset_ == bytes_.size()) return std::nullopt;
  const auto rest = bytes_.subspan(offset_);
  // QuickTime closes some lists with a 32-bit zero (QuickTime File Format, "User data atoms"), and
  // so do its sample entries.
  if (rest.size() < 8 &&
      std::all_of(rest.begin(), rest.end(), [](std::byte b) { return b == std::byte{0}; })) {
    offset_ = bytes_.size();
    return std::nullopt;
  }
  const uint64_t start = byte();
  uint64_t size_bytes = U32("box size");
  const FourCc type = U32("box type");
  uint64_t header_bytes = 8;
  if (size_bytes == 1) {
    size_bytes = U64("64-bit box size");
    header_bytes = 16;
  }
  if (!ok()) return std::nullopt;
  if (size_bytes < header_bytes || size_bytes > rest.size()) {
    FailAt(start, StrCat("box \"", TagText(type), "\" does not fit into the box around it"),
           StrCat("a size from ", header_bytes, " to ", WithSeparators(rest.size()), " B"),
           StrCat(WithSeparators(size_bytes), " B"));
    return std::nullopt;
  }
  std::string path = StrCat(path_, path_.empty() ? "" : "/", TagText(type));
  if (IsNumbered(type)) path += StrCat("[", num_repeated_++, "]");
  const uint64_t body_start = byte();
  return Box{type, header_bytes,
             BoxCursor(Bytes(size_bytes - header_bytes, "box body"), body_start, std::move(path),
                       diagnosis_)};
}

BoxList::BoxList(BoxCursor container) : container_(container) {
  while (std::optional<Box> box = container.NextBox()) {
    if (boxes_.size() == kMaxChildren) {
      container.Fail(Problem(Code::kUnsupported, "box holds too many boxes")
                         .Expected(StrCat(kMaxChildren, " or fewer")));
      return;
    }
    boxes_.push_back(std::move(*box));
  }
}

std::optional<BoxCursor> BoxList::Find(FourCc type) const {
  const Box* found = nullptr;
  for (const Box& box : boxes_) {
    if (box.type != type) continue;
    if (found != nullptr) {
      box.body.Fail(StrCat("box holds two \"", TagText(type), "\" boxes"), "one");
      return std::nullopt;
    }
    found = &box;
  }
  if (found == nullptr) return std::nullopt;
  return found->body;
}

std::optional<BoxCursor> BoxList::Require(FourCc type) const {
  std::optional<BoxCursor> found = Find(type);
  if (!found && container_.ok()) container_.Fail(StrCat("box \"", TagText(type), "\" is missing"));
  return found;
}

}  // namespace robomerge::mp4
