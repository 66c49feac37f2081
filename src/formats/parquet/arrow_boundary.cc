#include <arrow/util/config.h>

#include <algorithm>

#include "formats/parquet/arrow_boundary_internal.h"

namespace robomerge::parquet {
namespace {

Code CodeOf(const arrow::Status& status) {
  if (status.IsNotImplemented()) return Code::kUnsupported;
  if (status.IsTypeError()) return Code::kIncompatible;
  if (status.IsOutOfMemory() || status.IsCapacityError()) return Code::kIo;
  if (status.IsCancelled()) return Code::kCancelled;
  return Code::kCorrupt;
}

// Carries a Status of ours through Arrow, so that an I/O error keeps its code and message.
class OurStatusDetail : public arrow::StatusDetail {
 public:
  explicit OurStatusDetail(Status status) : status_(std::move(status)) {}
  const char* type_id() const override { return "robomerge"; }
  std::string ToString() const override { return status_.ToString(); }
  const Status& status() const { return status_; }

 private:
  Status status_;
};

arrow::Status ToArrow(const Status& status) {
  if (status.ok()) return arrow::Status::OK();
  return arrow::Status::FromDetailAndArgs(
      arrow::StatusCode::IOError, std::make_shared<OurStatusDetail>(status), status.ToString());
}

class FileForArrow : public arrow::io::RandomAccessFile {
 public:
  explicit FileForArrow(const io::RandomAccessFile& file) : file_(file) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    if (position < 0) return arrow::Status::Invalid("negative position");
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(file_.size_bytes()); }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t num_bytes, void* out) override {
    const int64_t size = static_cast<int64_t>(file_.size_bytes());
    if (position < 0 || num_bytes < 0) return arrow::Status::Invalid("negative range");
    const int64_t length = position >= size ? 0 : std::min(num_bytes, size - position);
    ARROW_RETURN_NOT_OK(
        ToArrow(file_.ReadAt(static_cast<uint64_t>(position),
                             {static_cast<std::byte*>(out), static_cast<size_t>(length)})));
    return length;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position,
                                                       int64_t num_bytes) override {
    // Checked here, before a length from a damaged page header is allocated.
    const int64_t size = static_cast<int64_t>(file_.size_bytes());
    if (position < 0 || num_bytes < 0) return arrow::Status::Invalid("negative range");
    ARROW_ASSIGN_OR_RAISE(auto buffer,
                          arrow::AllocateResizableBuffer(
                              position >= size ? 0 : std::min(num_bytes, size - position)));
    ARROW_ASSIGN_OR_RAISE(const int64_t length,
                          ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(length));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t num_bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t length, ReadAt(position_, num_bytes, out));
    position_ += length;
    return length;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, num_bytes));
    position_ += buffer->size();
    return buffer;
  }

 private:
  const io::RandomAccessFile& file_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

Status FromArrow(const arrow::Status& status, const std::string& what, const std::string& where) {
  if (const auto* detail = dynamic_cast<const OurStatusDetail*>(status.detail().get()))
    return detail->status().While(what);
  const Code code = CodeOf(status);
  return Problem(code, what).At(where).Found(FoundBy(code));
}

// Arrow's own messages name its functions and not what a user has.
std::string FoundBy(Code code) {
  switch (code) {
    case Code::kIo:
      return "no memory left";
    case Code::kUnsupported:
      return "a form that cannot be read";
    case Code::kIncompatible:
      return "another type";
    default:
      return "bytes that do not decode";
  }
}

std::shared_ptr<arrow::io::RandomAccessFile> ArrowFile(const io::RandomAccessFile& file) {
  return std::make_shared<FileForArrow>(file);
}

std::shared_ptr<::parquet::FileMetaData> ArrowMetaData(std::string_view footer_bytes) {
#if ARROW_VERSION_MAJOR >= 26
  return ::parquet::FileMetaData::Make(footer_bytes.data(),
                                       static_cast<int64_t>(footer_bytes.size()));
#else
  auto length = static_cast<uint32_t>(footer_bytes.size());
  return ::parquet::FileMetaData::Make(footer_bytes.data(), &length);
#endif
}

std::string SubsetFooter(const Footer::Representation& footer, size_t first, size_t count) {
  std::string out;
  ThriftWriter writer(out);
  int64_t num_rows = 0;
  for (size_t i = first; i < first + count; ++i) num_rows += footer.row_groups[i].num_rows;
  writer.BeginStruct();
  for (const FileField& file : footer.fields) {
    if (file.id == field::kFileNumRows) {
      writer.I64(file.id, num_rows);
    } else if (file.id == field::kFileRowGroups) {
      writer.ListField(file.id, ThriftType::kStruct, count);
      for (size_t i = first; i < first + count; ++i)
        writer.ElementRaw(footer.span(footer.row_group_thrift[i]));
    } else {
      writer.Raw(file.id, file.type, footer.span(file.value));
    }
  }
  writer.EndStruct();
  return out;
}

}  // namespace robomerge::parquet
