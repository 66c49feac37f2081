#include "io/posix_files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "base/checked.h"
#include "base/text.h"

namespace robomerge::io {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;
// Where source and destination lie differently in their pages, copy_file_range moves each page in
// two pieces, and takes 1.2 times as long as reading and writing (136 MB, ext4).
constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kLeastReserved = uint64_t{1} << 20;

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  PosixRandomAccessFile(std::string path, int descriptor, const FileStat& stat)
      : path_(std::move(path)), descriptor_(descriptor), stat_(stat) {}

  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return stat_.size_bytes; }
  FileStat stat() const override { return stat_; }
  int descriptor() const override { return descriptor_.get(); }

  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = ::pread(descriptor_.get(), out.data() + done, out.size() - done,
                                    static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemProblem("read", path_, errno);
      if (count == 0) {
        return Problem(Code::kCorrupt, "file ends early")
            .At(StrCat(path_, ", byte ", WithSeparators(offset)))
            .Expected(StrCat(WithSeparators(out.size()), " bytes from here"))
            .Found(WithSeparators(done));
      }
      done += static_cast<size_t>(count);
    }
    return Status();
  }

 private:
  std::string path_;
  Descriptor descriptor_;
  FileStat stat_;
};

// As linux/magic.h names it; nothing if the system does not say.
std::optional<uint64_t> FileSystemType(int descriptor) {
  struct statfs system;
  if (::fstatfs(descriptor, &system) != 0) return std::nullopt;
  return static_cast<uint64_t>(system.f_type);
}

// Whether a server holds the files, which may copy a range without sending it here and back.
bool IsRemote(std::optional<uint64_t> type) {
  // Those of linux/magic.h on disks and in memory, where a copy is one of this machine's.
  constexpr uint64_t kLocal[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                 F2FS_SUPER_MAGIC, TMPFS_MAGIC,     OVERLAYFS_SUPER_MAGIC};
  return !type || std::ranges::find(kLocal, *type) == std::end(kLocal);
}

class PosixOutputFile final : public OutputFile {
 public:
  PosixOutputFile(std::string path, int descriptor, Sharing sharing)
      : path_(std::move(path)),
        descriptor_(descriptor),
        sharing_(sharing),
        type_(FileSystemType(descriptor)),
        is_remote_(IsRemote(type_)) {}

  const std::string& path() const override { return path_; }

  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t count =
          ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemProblem("write", path_, errno);
      bytes = bytes.subspan(static_cast<size_t>(count));
      offset += static_cast<uint64_t>(count);
    }
    return Status();
  }

  Status SetSize(uint64_t size_bytes) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size_bytes)) != 0)
      return SystemProblem("set the size of", path_, errno);
    return Status();
  }

  void Reserve(uint64_t size_bytes) override {
    // ext4 otherwise sets every page aside by itself: a copy of 136 MB takes 0.8 of the time, 0.9
    // with a sync. On XFS and tmpfs it takes as long.
    if (type_ == uint64_t{EXT4_SUPER_MAGIC} && size_bytes >= kLeastReserved)
      static_cast<void>(
          ::fallocate(descriptor_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_bytes)));
  }

  Result<MovedBytes> CopyRange(const RandomAccessFile& unpinned, uint64_t source_offset,
                               uint64_t length, uint64_t offset) override {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<const RandomAccessFile> pin, unpinned.Pin());
    const RandomAccessFile& source = *pin;
    if (!RangeFits(source_offset, length, source.size_bytes())) {
      return Problem(Code::kCorrupt, "file ends before the range that is to be copied")
          .At(StrCat(source.path(), ", byte ", WithSeparators(source_offset)))
          .Expected(StrCat(WithSeparators(length), " bytes from here"))
          .Found(StrCat("a file of ", WithSeparators(source.size_bytes()), " bytes"));
    }
    MovedBytes moved;
    if (source.descriptor() >= 0) {
      const uint64_t shared = TryShare(source, source_offset, length, offset);
      moved.shared_bytes += shared;
      source_offset += shared, offset += shared, length -= shared;
      // copy_file_range within one file system may share aligned extents by itself, which
      // Sharing::kForbidden does not allow.
      while (length > 0 && sharing_ != Sharing::kForbidden &&
             kernel_copies_.load(std::memory_order_relaxed) &&
             (is_remote_ || source_offset % kPageBytes == offset % kPageBytes)) {
        auto from = static_cast<loff_t>(source_offset), to = static_cast<loff_t>(offset);
        const ssize_t count =
            ::copy_file_range(source.descriptor(), &from, descriptor_.get(), &to, length, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG)) {
          return SystemProblem("write", path_, errno);
        }
        if (count <= 0) {  // EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, or nothing moved: this pair of
                           // files needs the plain way
          kernel_copies_.store(false, std::memory_order_relaxed);
          break;
        }
        const auto num = static_cast<uint64_t>(count);
        moved.copied_bytes += num;
        source_offset += num, offset += num, length -= num;
      }
    }
    if (length > 0) {
      std::vector<std::byte> buffer(std::min<uint64_t>(length, kBufferBytes));
      while (length > 0) {
        const auto part = std::span(buffer).first(std::min<uint64_t>(length, buffer.size()));
        ROBOMERGE_RETURN_NOT_OK(source.ReadAt(source_offset, part));
        ROBOMERGE_RETURN_NOT_OK(WriteAt(offset, part));
        moved.copied_bytes += part.size();
        source_offset += part.size(), offset += part.size(), length -= part.size();
      }
    }
    return moved;
  }

  void BeginSync(uint64_t offset, uint64_t length) override {
    // An error shows at Close, whose fsync reports whatever could not be written.
    static_cast<void>(::sync_file_range(descriptor_.get(), static_cast<off_t>(offset),
                                        static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE));
  }

  Status Sync() override {
    if (::fsync(descriptor_.get()) != 0) return SystemProblem("sync", path_, errno);
    return Status();
  }

  Status Close(bool sync) override {
    if (sync && ::fsync(descriptor_.get()) != 0) return SystemProblem("sync", path_, errno);
    if (::close(descriptor_.Release()) != 0 && errno != EINTR)
      return SystemProblem("close", path_, errno);
    return Status();
  }

 private:
  // Shares the whole blocks of the range, if it begins with one on both sides
  // (ioctl_ficlonerange(2)). Returns the number of bytes shared. The last block of a source could
  // be shared too where the destination ends with it; copying it costs less than moving that end.
  uint64_t TryShare(const RandomAccessFile& source, uint64_t source_offset, uint64_t length,
                    uint64_t offset) {
    static constexpr uint64_t kBlockBytes = 4096;
    if (sharing_ == Sharing::kForbidden || !shares_.load(std::memory_order_relaxed)) return 0;
    if (source_offset % kBlockBytes != 0 || offset % kBlockBytes != 0) return 0;
    file_clone_range range{};
    range.src_fd = source.descriptor();
    range.src_offset = source_offset;
    range.src_length = length / kBlockBytes * kBlockBytes;
    range.dest_offset = offset;
    if (range.src_length == 0) return 0;
    if (::ioctl(descriptor_.get(), FICLONERANGE, &range) != 0) {
      if (errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV || errno == ENOSYS)
        shares_.store(false, std::memory_order_relaxed);
      return 0;
    }
    return range.src_length;
  }

  std::string path_;
  Descriptor descriptor_;
  Sharing sharing_;
  std::optional<uint64_t> type_;
  bool is_remote_;
  std::atomic<bool> shares_{true};
  std::atomic<bool> kernel_copies_{true};
};

}  // namespace

Problem SystemProblem(const std::string& operation, const std::string& path, int error) {
  Code code = Code::kIo;
  // These operations ask whether something is there, and ENOENT answers that. Where something is to
  // be made, a missing parent is an error of the system.
  const bool is_question =
      operation == "open for reading" || operation == "stat" || operation == "list";
  if (is_question && (error == ENOENT || error == ENOTDIR)) code = Code::kNotFound;
  if (error == EEXIST || error == ENOTEMPTY) code = Code::kAlreadyExists;
  Problem problem(code, StrCat("cannot ", operation));
  problem.where = path;
  problem.found = std::strerror(error);
  if (error == EACCES || error == EPERM) problem.hint = "check the permissions of this path";
  if (error == ENOSPC || error == EDQUOT)
    problem.hint = "free space on this file system, or choose another destination";
  if (error == EMFILE || error == ENFILE)
    problem.hint = "raise the limit of open files (ulimit -n)";
  problem.is_of_machine = error == EMFILE || error == ENFILE || error == ENOMEM;
  return problem;
}

std::unique_ptr<RandomAccessFile> PosixSource(std::string path, int descriptor,
                                              const FileStat& stat) {
  return std::make_unique<PosixRandomAccessFile>(std::move(path), descriptor, stat);
}

std::unique_ptr<OutputFile> PosixOutput(std::string path, int descriptor, Sharing sharing) {
  return std::make_unique<PosixOutputFile>(std::move(path), descriptor, sharing);
}

}  // namespace robomerge::io
