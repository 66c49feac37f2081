#include "publish/whole_files.h"

#include "io/unique_name.h"
#include "publish/staging.h"

namespace robomerge {
namespace {

class UnitFile final : public io::OutputFile {
 public:
  UnitFile(io::FileSystem& beneath, std::unique_ptr<io::OutputFile> file, std::string path,
           std::string temporary, bool sync_folder)
      : beneath_(beneath),
        file_(std::move(file)),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        sync_folder_(sync_folder) {}

  ~UnitFile() override {
    if (!is_done_) static_cast<void>(beneath_.RemoveAll(temporary_).ok());
  }

  const std::string& path() const override { return path_; }
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    return file_->WriteAt(offset, bytes);
  }
  Status SetSize(uint64_t size_bytes) override { return file_->SetSize(size_bytes); }
  Result<io::MovedBytes> CopyRange(const io::RandomAccessFile& source, uint64_t source_offset,
                                   uint64_t length, uint64_t offset) override {
    return file_->CopyRange(source, source_offset, length, offset);
  }
  void BeginSync(uint64_t offset, uint64_t length) override { file_->BeginSync(offset, length); }
  Status Sync() override { return file_->Sync(); }

  Status Close(bool sync) override {
    ROBOMERGE_RETURN_NOT_OK(file_->Close(sync));
    ROBOMERGE_RETURN_NOT_OK(beneath_.Replace(temporary_, path_));
    is_done_ = true;
    return sync && sync_folder_ ? beneath_.SyncDirectory(ParentOf(path_)) : Status();
  }

 private:
  io::FileSystem& beneath_;
  const std::unique_ptr<io::OutputFile> file_;
  const std::string path_;
  const std::string temporary_;
  const bool sync_folder_;
  bool is_done_ = false;
};

}  // namespace

Result<std::unique_ptr<io::OutputFile>> WholeFileSystem::Create(const std::string& path,
                                                                io::Sharing sharing) {
  std::string temporary = io::TemporaryNameFor(path);
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<io::OutputFile> file,
                             beneath_.Create(temporary, sharing));
  return std::unique_ptr<io::OutputFile>(std::make_unique<UnitFile>(
      beneath_, std::move(file), path, std::move(temporary), sync_folders_));
}

}  // namespace robomerge
