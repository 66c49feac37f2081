#include "publish/whole_files.h"

#include "base/path.h"
#include "io/unique_name.h"

namespace robomerge {
namespace {

class UnitFile final : public io::ForwardingOutputFile {
 public:
  UnitFile(io::FileSystem& file_system, std::unique_ptr<io::OutputFile> file, std::string path,
           bool sync_folder)
      : ForwardingOutputFile(std::move(file)),
        file_system_(file_system),
        path_(std::move(path)),
        sync_folder_(sync_folder) {}

  ~UnitFile() override {
    if (!is_done_) static_cast<void>(file_system_.RemoveAll(beneath().path()).ok());
  }

  const std::string& path() const override { return path_; }

  Status Close(bool sync) override {
    ROBOMERGE_RETURN_NOT_OK(beneath().Close(sync));
    ROBOMERGE_RETURN_NOT_OK(file_system_.Replace(beneath().path(), path_));
    is_done_ = true;
    return sync && sync_folder_ ? file_system_.SyncDirectory(ParentOf(path_)) : Status();
  }

 private:
  io::FileSystem& file_system_;
  const std::string path_;
  const bool sync_folder_;
  bool is_done_ = false;
};

}  // namespace

Result<std::unique_ptr<io::OutputFile>> WholeFileSystem::Create(const std::string& path,
                                                                io::Sharing sharing) {
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<io::OutputFile> file,
                             beneath().Create(io::TemporaryNameFor(path), sharing));
  return std::unique_ptr<io::OutputFile>(
      std::make_unique<UnitFile>(beneath(), std::move(file), path, sync_folders_));
}

}  // namespace robomerge
