#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "io/extent_sharing.h"
#include "io/file_system.h"
#include "io/posix_files.h"

namespace robomerge::io {
namespace {

int OpenRetrying(const char* path, int flags, mode_t mode = 0) {
  int number;
  do {
    number = ::open(path, flags | O_CLOEXEC, mode);
  } while (number < 0 && errno == EINTR);
  return number;
}

FileStat FromStat(const struct stat& raw) {
  FileStat stat;
  stat.size_bytes = static_cast<uint64_t>(raw.st_size);
  stat.modified_ns = int64_t{raw.st_mtim.tv_sec} * 1'000'000'000 + raw.st_mtim.tv_nsec;
  stat.changed_ns = int64_t{raw.st_ctim.tv_sec} * 1'000'000'000 + raw.st_ctim.tv_nsec;
  stat.device = raw.st_dev;
  stat.inode = raw.st_ino;
  stat.owner = raw.st_uid;
  stat.kind = S_ISREG(raw.st_mode)   ? FileKind::kRegular
              : S_ISDIR(raw.st_mode) ? FileKind::kDirectory
              : S_ISLNK(raw.st_mode) ? FileKind::kLink
                                     : FileKind::kOther;
  return stat;
}

Problem NotRegular(const std::string& path, const struct stat& raw) {
  return Problem(Code::kCorrupt, "not a regular file")
      .At(path)
      .Found(S_ISDIR(raw.st_mode)    ? "a directory"
             : S_ISFIFO(raw.st_mode) ? "a named pipe"
             : S_ISSOCK(raw.st_mode) ? "a socket"
                                     : "a device");
}

class PosixLock final : public Lock {
 public:
  explicit PosixLock(int descriptor) : descriptor_(descriptor) {}

 private:
  Descriptor descriptor_;
};

class PosixFileSystem final : public FileSystem {
 public:
  std::string TemporaryFolder() const override {
    const char* const folder = std::getenv("TMPDIR");
    return folder != nullptr && *folder != '\0' ? folder : "/tmp";
  }

  Result<std::string> RunProgram(const std::vector<std::string>& words, std::string_view input,
                                 const ProgramLimits& limits) const override {
    return RunPosixProgram(words, input, limits);
  }

  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(const std::string& path) const override {
    // Without O_NONBLOCK a named pipe would wait here for somebody who writes to it.
    int number = OpenRetrying(path.c_str(), O_RDONLY | O_NONBLOCK);
    struct stat raw;
    if (number < 0 && errno == EWOULDBLOCK && ::stat(path.c_str(), &raw) == 0 &&
        S_ISREG(raw.st_mode)) {
      // Another process holds a lease on this file (fcntl(2); file servers do). The kernel breaks
      // it within a set time, so the wait is bounded.
      number = OpenRetrying(path.c_str(), O_RDONLY);
    }
    if (number < 0) {
      const int error = errno;  // ENXIO for a socket
      const bool is_other = error == ENXIO && ::stat(path.c_str(), &raw) == 0;
      return is_other ? NotRegular(path, raw) : SystemProblem("open for reading", path, error);
    }
    Descriptor descriptor(number);
    if (::fstat(descriptor.get(), &raw) != 0) return SystemProblem("stat", path, errno);
    if (!S_ISREG(raw.st_mode)) return NotRegular(path, raw);
    return std::unique_ptr<RandomAccessFile>(
        PosixSource(path, descriptor.Release(), FromStat(raw)));
  }

  Result<std::unique_ptr<OutputFile>> Create(const std::string& path, Sharing sharing) override {
    const int descriptor = OpenRetrying(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (descriptor < 0) return SystemProblem("create", path, errno);
    return std::unique_ptr<OutputFile>(PosixOutput(path, descriptor, sharing));
  }

  Status Overwrite(const std::string& path, std::span<const std::byte> bytes) override {
    // A named pipe would wait here for somebody who reads it. Writing may wait.
    Descriptor descriptor(
        OpenRetrying(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0666));
    if (descriptor.get() < 0 && errno == ENXIO) {
      return Problem(Code::kIo, "nobody reads this pipe")
          .Kind("E-io")
          .At(path)
          .Hint("start the reader first, or choose a file");
    }
    if (descriptor.get() < 0) return SystemProblem("create", path, errno);
    const int flags = ::fcntl(descriptor.get(), F_GETFL);
    if (flags < 0 || ::fcntl(descriptor.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
      return SystemProblem("open", path, errno);
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemProblem("write", path, errno);
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
    if (::close(descriptor.Release()) != 0 && errno != EINTR)
      return SystemProblem("close", path, errno);
    return Status();
  }

  Result<FileStat> Stat(const std::string& path) const override {
    struct stat raw;
    if (::stat(path.c_str(), &raw) != 0) return SystemProblem("stat", path, errno);
    return FromStat(raw);
  }

  Result<FileStat> StatLink(const std::string& path) const override {
    struct stat raw;
    if (::lstat(path.c_str(), &raw) != 0) return SystemProblem("stat", path, errno);
    return FromStat(raw);
  }

  Result<std::vector<std::string>> List(const std::string& path) const override {
    // Not opendir: most folders of a dataset hold a file or two, and it takes 32 kB of memory.
    const int number = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    if (number < 0) return SystemProblem("list", path, errno);
    const Descriptor directory(number);
    std::vector<std::string> names;
    alignas(dirent64) std::array<char, 4096> entries;
    while (true) {
      const ssize_t size = ::getdents64(directory.get(), entries.data(), entries.size());
      if (size < 0) return SystemProblem("list", path, errno);
      if (size == 0) break;
      for (ssize_t at = 0; at < size;) {
        const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
        std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
        at += entry->d_reclen;
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Status MakeDirectories(const std::string& path) override {
    for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
      const std::string part = path.substr(0, at);
      if (!part.empty() && ::mkdir(part.c_str(), 0777) != 0 && errno != EEXIST) {
        // A parent on a read-only file system may exist and still answer EROFS.
        struct stat raw;
        const int error = errno;
        if (::stat(part.c_str(), &raw) != 0) return SystemProblem("make directory", part, error);
      }
      if (at == std::string::npos) break;
    }
    struct stat raw;
    if (::stat(path.c_str(), &raw) != 0) return SystemProblem("make directory", path, errno);
    if (!S_ISDIR(raw.st_mode)) return SystemProblem("make directory", path, ENOTDIR);
    return Status();
  }

  Status RenameNew(const std::string& from, const std::string& to) override {
    static constexpr unsigned kNoReplace =
        1;  // RENAME_NOREPLACE of linux/fs.h, which glibc's headers only give with _GNU_SOURCE
    if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), kNoReplace) == 0)
      return Status();
    if (errno != EINVAL && errno != ENOSYS) return SystemProblem("rename to", to, errno);
    // File systems without the flag (some network ones): plain rename. Of directories it replaces
    // only an empty one.
    struct stat raw;
    if (::lstat(to.c_str(), &raw) == 0) return SystemProblem("rename to", to, EEXIST);
    if (::rename(from.c_str(), to.c_str()) != 0) return SystemProblem("rename to", to, errno);
    return Status();
  }

  Status Replace(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return SystemProblem("rename to", to, errno);
    return Status();
  }

  Status Link(const std::string& from, const std::string& to, bool sync) override {
    struct stat raw;
    if (::lstat(from.c_str(), &raw) != 0) return SystemProblem("stat", from, errno);
    const auto cannot = [&](std::string found) {
      return Problem(Code::kUnsupported, "cannot link").At(from).Found(std::move(found));
    };
    if (S_ISLNK(raw.st_mode)) return cannot("a link to another place");
    if (!S_ISREG(raw.st_mode)) return NotRegular(from, raw);
    if (raw.st_uid != ::geteuid()) return cannot("a file of another user");
    if (::link(from.c_str(), to.c_str()) != 0) {
      const int error = errno;
      const bool is_limit = error == EPERM || error == EXDEV || error == EMLINK ||
                            error == EOPNOTSUPP || error == ENOSYS;
      return is_limit ? cannot(std::strerror(error)) : SystemProblem("link to", to, error);
    }
    if (!sync) return Status();
    const Descriptor descriptor(OpenRetrying(to.c_str(), O_RDONLY | O_NOFOLLOW));
    if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0)
      return SystemProblem("sync", to, errno);
    return Status();
  }

  Status Exchange(const std::string& left, const std::string& right) override {
    static constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE of linux/fs.h
    if (::syscall(SYS_renameat2, AT_FDCWD, left.c_str(), AT_FDCWD, right.c_str(), kExchange) == 0)
      return Status();
    if (errno != EINVAL && errno != ENOSYS) return SystemProblem("exchange with", right, errno);
    return Problem(Code::kUnsupported, "this file system cannot exchange two folders at once")
        .At(right);
  }

  Status RemoveAll(const std::string& path) override {
    return RemoveOnMount(path, MountOf(ParentOf(path)));
  }

  Status SyncDirectory(const std::string& path) override {
    Descriptor descriptor(OpenRetrying(path.c_str(), O_RDONLY | O_DIRECTORY));
    if (descriptor.get() < 0) return SystemProblem("open", path, errno);
    // Some network file systems cannot sync a directory; their server orders operations itself.
    if (::fsync(descriptor.get()) != 0 && errno != EINVAL)
      return SystemProblem("sync", path, errno);
    return Status();
  }

  Result<std::unique_ptr<Lock>> TryLock(const std::string& path, LockKind kind) override {
    while (true) {
      Descriptor descriptor(OpenRetrying(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW, 0666));
      if (descriptor.get() < 0) return SystemProblem("create", path, errno);
      if (::flock(descriptor.get(), (kind == LockKind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB) !=
          0) {
        if (errno != EWOULDBLOCK) return SystemProblem("lock", path, errno);
        return Problem(Code::kAlreadyExists, "another process holds this lock").At(path);
      }
      // The previous holder may have removed the file between our open and our lock. Then our lock
      // protects nothing.
      struct stat of_descriptor, of_path;
      if (::fstat(descriptor.get(), &of_descriptor) != 0) return SystemProblem("stat", path, errno);
      if (::stat(path.c_str(), &of_path) != 0 || of_path.st_ino != of_descriptor.st_ino ||
          of_path.st_dev != of_descriptor.st_dev)
        continue;
      return std::unique_ptr<Lock>(std::make_unique<PosixLock>(descriptor.Release()));
    }
  }

  bool CanShareExtents(const std::string& source, const std::string& directory) const override {
    return FileSystemsShareExtents(source, directory);
  }

  Result<uint64_t> FreeBytes(const std::string& path) const override {
    struct statvfs raw;
    if (::statvfs(path.c_str(), &raw) != 0)
      return SystemProblem("read the free space of", path, errno);
    return uint64_t{raw.f_bavail} * raw.f_frsize;
  }

  Result<std::string> RealPath(const std::string& path) const override {
    ROBOMERGE_ASSIGN_OR_RETURN(std::string there, AbsolutePath(*this, path));
    // realpath resolves the longest prefix that exists; the rest is resolved as text.
    std::string rest;
    while (true) {
      const std::unique_ptr<char, decltype(&::free)> real(::realpath(there.c_str(), nullptr),
                                                          ::free);
      if (real != nullptr) return ResolvedAsText(std::string(real.get()) + rest);
      if (errno != ENOENT && errno != ENOTDIR)
        return SystemProblem("follow the links of", path, errno);
      if (there == "/") return SystemProblem("follow the links of", path, errno);
      const size_t slash = there.find_last_of('/');
      rest.insert(0, there.substr(slash));
      there.resize(std::max<size_t>(slash, 1));
    }
  }

  Status CheckWritable(const std::string& path) const override {
    struct stat raw;
    const bool is_folder = ::stat(path.c_str(), &raw) == 0 && S_ISDIR(raw.st_mode);
    if (::access(path.c_str(), is_folder ? W_OK | X_OK : W_OK) != 0)
      return SystemProblem(is_folder ? "write into" : "write", path, errno);
    return Status();
  }

  uint64_t CurrentUser() const override { return ::geteuid(); }

  Result<std::string> WorkingDirectory() const override {
    const std::unique_ptr<char, decltype(&::free)> here(::getcwd(nullptr, 0), ::free);
    if (here == nullptr) return SystemProblem("find the working directory", ".", errno);
    return std::string(here.get());
  }

 private:
  // The mount that a path lies on; nothing where the kernel does not say (before Linux 5.8).
  static std::optional<uint64_t> MountOf(const std::string& path) {
#ifdef STATX_MNT_ID
    struct statx raw;
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    if (::statx(AT_FDCWD, path.c_str(), flags, STATX_MNT_ID, &raw) == 0 &&
        (raw.stx_mask & STATX_MNT_ID) != 0)
      return raw.stx_mnt_id;
#endif
    return std::nullopt;
  }

  // What is mounted below a folder is of somebody else, and stays.
  Status RemoveOnMount(const std::string& path, std::optional<uint64_t> mount) {
    struct stat raw;
    if (::lstat(path.c_str(), &raw) != 0)
      return errno == ENOENT ? Status() : Status(SystemProblem("remove", path, errno));
    if (!S_ISDIR(raw.st_mode)) {
      if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return SystemProblem("remove", path, errno);
      return Status();
    }
    if (mount && MountOf(path) != mount) return SystemProblem("remove", path, EBUSY);
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> names, List(path));
    for (const std::string& name : names)
      ROBOMERGE_RETURN_NOT_OK(RemoveOnMount(JoinPath(path, name), mount));
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return SystemProblem("remove", path, errno);
    return Status();
  }
};

}  // namespace

FileSystem& Posix() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace robomerge::io
