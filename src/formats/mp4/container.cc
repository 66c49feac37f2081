#include "formats/mp4/container.h"

#include <algorithm>
#include <array>

#include "base/checked.h"
#include "base/foreign_file.h"
#include "base/text.h"

namespace robomerge::mp4 {
namespace {

// Limits of what is read; each is far above any real recording.
constexpr uint64_t kMaxMovieBytes = uint64_t{512} << 20;
constexpr uint64_t kMaxFileTypeBytes = 4096;
constexpr uint64_t kMaxTopLevelBoxes = uint64_t{1} << 20;

struct TopLevelBox {
  FourCc type;
  uint64_t start;
  uint64_t header_bytes;
  uint64_t size_bytes;

  uint64_t body_offset() const { return start + header_bytes; }
  uint64_t body_bytes() const { return size_bytes - header_bytes; }
};

// Boxes whose loss loses frames. Anything else may be cut at the end of the file without harm.
bool HoldsFrames(FourCc type) {
  return type == Tag("ftyp") || type == Tag("moov") || type == Tag("mdat") || type == Tag("moof");
}

class ContainerReader {
 public:
  ContainerReader(const io::RandomAccessFile& file, Diagnosis* diagnosis)
      : file_(file), diagnosis_(diagnosis) {
    container_.file_size_bytes = file.size_bytes();
  }

  Result<Container> Read() {
    if (file_.size_bytes() == 0) return *ForeignFile({}, file_.path(), "an MP4 file");
    uint64_t start = 0;
    uint64_t num_boxes = 0;
    while (start < file_.size_bytes()) {
      ROBOMERGE_ASSIGN_OR_RETURN(const std::optional<TopLevelBox> box, ReadHeader(start));
      if (!box) {
        container_.has_trailing_bytes = true;
        break;
      }
      if (++num_boxes > kMaxTopLevelBoxes) {
        return Problem(Code::kUnsupported, "file has too many top-level boxes")
            .At(diagnosis_->Place("", start))
            .Expected(StrCat(WithSeparators(kMaxTopLevelBoxes), " or fewer"));
      }
      ROBOMERGE_RETURN_NOT_OK(Take(*box));
      start += box->size_bytes;
    }
    if (!has_movie_) {
      Problem problem = Corrupt("file has no moov box", file_.size_bytes(),
                                "a moov box, the index of all frames");
      problem.hint =
          "the recording was not finished or the file is cut off; record or copy it again";
      return problem;
    }
    return std::move(container_);
  }

 private:
  Problem Corrupt(std::string what, uint64_t byte, std::string expected = {},
                  std::string found = {}) const {
    return Problem(Code::kCorrupt, std::move(what))
        .At(diagnosis_->Place("", byte))
        .Expected(std::move(expected))
        .Found(std::move(found));
  }

  Status NotMp4() const {
    std::string head(std::min<uint64_t>(kForeignHeadBytes, file_.size_bytes()), '\0');
    ROBOMERGE_RETURN_NOT_OK(file_.ReadAt(0, std::as_writable_bytes(std::span(head))));
    if (std::optional<Problem> foreign = ForeignFile(head, file_.path(), "an MP4 file"))
      return *std::move(foreign);
    return Corrupt("not an MP4 file", 0, "a box header");
  }

  // Returns nothing if what follows the last complete box is no box.
  Result<std::optional<TopLevelBox>> ReadHeader(uint64_t start) const {
    const uint64_t left_bytes = file_.size_bytes() - start;
    std::array<std::byte, 16> header{};
    const auto present =
        std::span(header).first(static_cast<size_t>(std::min<uint64_t>(16, left_bytes)));
    ROBOMERGE_RETURN_NOT_OK(file_.ReadAt(start, present));
    TopLevelBox box{LoadU32(&header[4]), start, 8, LoadU32(&header[0])};
    const bool is_box = left_bytes >= 8 && IsPlausibleTag(box.type);
    if (is_box && box.size_bytes == 0) box.size_bytes = left_bytes;  // to the end of the file
    if (is_box && box.size_bytes == 1) {
      box.header_bytes = 16;
      box.size_bytes = left_bytes >= 16 ? LoadU64(&header[8]) : 0;
    }
    if (is_box && box.size_bytes >= box.header_bytes && box.size_bytes <= left_bytes)
      return std::optional(box);
    if (is_box && HoldsFrames(box.type) && box.size_bytes > left_bytes) {
      Problem problem = Corrupt(
          StrCat("box \"", TagText(box.type), "\" reaches beyond the end of the file"), start,
          StrCat(WithSeparators(box.size_bytes), " B"), StrCat(WithSeparators(left_bytes), " B"));
      problem.hint = "the file looks cut off; copy it again";
      return problem;
    }
    if (start == 0) return NotMp4();
    if (!has_movie_) {
      return Corrupt(
          "box header is damaged and no moov box comes before it", start, "size and type of a box",
          StrCat("size ", WithSeparators(box.size_bytes), ", type \"", TagText(box.type), "\""));
    }
    return std::optional<TopLevelBox>();
  }

  Status Take(const TopLevelBox& box) {
    const FileRange body{box.body_offset(), box.body_bytes()};
    if (box.type == Tag("mdat")) {
      container_.media.push_back(body);
    } else if (box.type == Tag("moof")) {
      container_.fragments.push_back(body);
    } else if (box.type == Tag("ftyp") && container_.file_type.empty() &&
               box.size_bytes <= kMaxFileTypeBytes) {
      container_.file_type.resize(static_cast<size_t>(box.size_bytes));
      return file_.ReadAt(box.start, container_.file_type);
    } else if (box.type == Tag("moov")) {
      if (has_movie_) return Corrupt("file has two moov boxes", box.start, "one");
      if (box.size_bytes > kMaxMovieBytes) {
        return Problem(Code::kUnsupported, "moov box is too large")
            .At(diagnosis_->Place("moov", box.start))
            .Expected(StrCat(FormatBytes(kMaxMovieBytes), " or less"))
            .Found(FormatBytes(box.size_bytes));
      }
      has_movie_ = true;
      container_.movie_range = body;
      container_.movie.resize(static_cast<size_t>(body.length_bytes));
      return file_.ReadAt(body.offset, container_.movie);
    }
    return Status();
  }

  const io::RandomAccessFile& file_;
  Diagnosis* diagnosis_;
  Container container_;
  bool has_movie_ = false;
};

}  // namespace

bool Container::IsMedia(const FileRange& range) const {
  const auto after =
      std::upper_bound(media.begin(), media.end(), range.offset,
                       [](uint64_t offset, const FileRange& box) { return offset < box.offset; });
  if (after == media.begin()) return false;
  const FileRange& box = *std::prev(after);
  return RangeFits(range.offset - box.offset, range.length_bytes, box.length_bytes);
}

Result<Container> ReadContainer(const io::RandomAccessFile& file, Diagnosis* diagnosis) {
  return ContainerReader(file, diagnosis).Read();
}

}  // namespace robomerge::mp4
