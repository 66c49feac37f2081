// The operating system behind one interface: everything robomerge reads or writes passes here.
//
// The caller that begins a run chooses the file system once and passes it down; nothing below asks
// for the real one. Paths are UTF-8 byte strings, '/'-separated. All methods may be called from
// several threads at once, except that one OutputFile is closed by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/program.h"
#include "robomerge/status.h"

namespace robomerge::io {

/// kOther: a pipe, a socket, a device.
enum class FileKind { kRegular, kDirectory, kLink, kOther };

/// What stat(2) says of a file. Times are nanoseconds since the epoch.
struct FileStat {
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;  ///< st_mtim; programs can set it
  int64_t changed_ns = 0;   ///< st_ctim; only the system sets it
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t owner = 0;  ///< user id
  FileKind kind = FileKind::kRegular;
  bool is_directory() const { return kind == FileKind::kDirectory; }
};

/// An open file that is only read. Thread-safe: every read names its offset.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  virtual const std::string& path() const = 0;
  /// Size when it was opened.
  virtual uint64_t size_bytes() const = 0;
  /// What the system said of it when it was opened; of bytes in memory only their number.
  virtual FileStat stat() const {
    FileStat stat;
    stat.size_bytes = size_bytes();
    return stat;
  }
  /// Fills all of `out` from `offset`. kCorrupt if the file ends before, kIo if the system refuses.
  virtual Status ReadAt(uint64_t offset, std::span<std::byte> out) const = 0;
  /// The descriptor, for copies inside the kernel; -1 if there is none, or none that stays open
  /// (see Pin).
  virtual int descriptor() const { return -1; }
  /// A form of this file that stays open as long as it is held. A file that is always open returns
  /// itself, not owned.
  virtual Result<std::shared_ptr<const RandomAccessFile>> Pin() const {
    return std::shared_ptr<const RandomAccessFile>(std::shared_ptr<const void>(), this);
  }
};

/// Who else may hold a lock at the same time: nobody, or others that share it too.
enum class LockKind { kExclusive, kShared };

/// Held while a path is locked; dropping it unlocks.
class Lock {
 public:
  virtual ~Lock() = default;
};

/// Whether an output file may share extents with the files that are copied into it. Shared bytes
/// need no new space, and stay as they are when either file is written to.
enum class Sharing { kAllowed, kForbidden };

/// How bytes came into an output file.
struct MovedBytes {
  uint64_t copied_bytes = 0;  ///< through the page cache
  uint64_t shared_bytes = 0;  ///< by sharing extents of the file system: no new space
  MovedBytes& operator+=(const MovedBytes& other) {
    copied_bytes += other.copied_bytes;
    shared_bytes += other.shared_bytes;
    return *this;
  }
};

/// One contiguous range of payload bytes that moves from a source into a destination.
struct PayloadRange {
  const RandomAccessFile* source = nullptr;
  uint64_t source_offset = 0;
  uint64_t length_bytes = 0;
  uint64_t destination_offset = 0;
};

/// A file being written. Ranges may be written in any order and from several threads if they do not
/// overlap.
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual const std::string& path() const = 0;
  virtual Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// Sets the final size of a new file; bytes not yet written read as zeros. It saves a file system
  /// that shares extents from moving the file's end, and writing the block it lies in, for every
  /// range.
  virtual Status SetSize(uint64_t size_bytes) = 0;
  /// Lets the file system find room for the first `size_bytes` at once, if that makes writing them
  /// cheaper there; the file's size stays. A hint: if there is no room, writing says so.
  virtual void Reserve(uint64_t /*size_bytes*/) {}
  /// Copies [source_offset, source_offset + length) of `source` to `offset`, by the cheapest means
  /// that works. kCorrupt if the source ends before.
  virtual Result<MovedBytes> CopyRange(const RandomAccessFile& source, uint64_t source_offset,
                                       uint64_t length, uint64_t offset) = 0;
  /// Lets the device begin to write [offset, offset + length), so that a Close that syncs waits
  /// less. A hint: it cannot fail.
  virtual void BeginSync(uint64_t /*offset*/, uint64_t /*length*/) {}
  /// Flushes what was written so far to the device; the file stays open.
  virtual Status Sync() = 0;
  /// Flushes to the device (when `sync`) and closes. Must be called once; a file that is dropped
  /// unclosed is incomplete.
  virtual Status Close(bool sync) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Opens a regular file. kCorrupt for anything else (a pipe, a device, a directory), without
  /// waiting for a process at its other end.
  virtual Result<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path) const = 0;
  /// Creates a new file. kAlreadyExists if there is one.
  virtual Result<std::unique_ptr<OutputFile>> Create(const std::string& path, Sharing sharing) = 0;
  /// Writes `bytes` as the whole content of a file that the user names. An existing file is emptied
  /// first; a pipe or device just receives the bytes.
  virtual Status Overwrite(const std::string& path, std::span<const std::byte> bytes) = 0;
  /// Describes what `path` leads to, with links followed. kNotFound if there is nothing.
  virtual Result<FileStat> Stat(const std::string& path) const = 0;
  /// As Stat, but does not follow a link: only this returns FileKind::kLink.
  virtual Result<FileStat> StatLink(const std::string& path) const = 0;
  /// Names in a directory, sorted bytewise, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& path) const = 0;
  /// Makes a directory and its parents; one that exists is fine.
  virtual Status MakeDirectories(const std::string& path) = 0;
  /// Renames without replacing: kAlreadyExists if `to` exists, even as an empty directory.
  virtual Status RenameNew(const std::string& from, const std::string& to) = 0;
  /// Renames; whatever is at `to` is replaced atomically. Both are files.
  virtual Status Replace(const std::string& from, const std::string& to) = 0;
  /// Gives the regular file `from` the further name `to`: a hard link, which takes no space. With
  /// `sync` the file's content is flushed to the device; its new name is not. kAlreadyExists if
  /// `to` exists; kUnsupported where these two cannot be linked: `from` is a link, or on another
  /// file system, or of another user, or the file system has no hard links, or the file too many.
  virtual Status Link(const std::string& from, const std::string& to, bool sync) = 0;
  /// Exchanges two paths atomically. kUnsupported where the file system cannot.
  virtual Status Exchange(const std::string& left, const std::string& right) = 0;
  /// Removes a file or a whole directory; one that does not exist is fine.
  virtual Status RemoveAll(const std::string& path) = 0;
  /// Flushes a directory's entries to the device.
  virtual Status SyncDirectory(const std::string& path) = 0;
  /// Locks a path against other processes, making the file if need be; a link there is not
  /// followed. kAlreadyExists at once if somebody else holds it. The kernel drops the lock with the
  /// process, however it ends.
  virtual Result<std::unique_ptr<Lock>> TryLock(const std::string& path, LockKind kind) = 0;
  /// Whether files in `directory` can share extents with `source`: one file system, and one that
  /// can (XFS with reflink, btrfs). Writes nothing.
  virtual bool CanShareExtents(const std::string& source, const std::string& directory) const = 0;
  /// Bytes a user may still write on the file system that holds `path`.
  virtual Result<uint64_t> FreeBytes(const std::string& path) const = 0;
  /// `path` made absolute, every link followed, without "." and "..". Components at its end that do
  /// not exist stay as they are.
  virtual Result<std::string> RealPath(const std::string& path) const = 0;
  /// kIo if this process may not write what is at `path`; for a folder, make and remove files in
  /// it.
  virtual Status CheckWritable(const std::string& path) const = 0;
  /// The user whom the system takes this process for.
  virtual uint64_t CurrentUser() const = 0;
  /// The folder that relative paths are resolved against. kIo if that directory was removed.
  virtual Result<std::string> WorkingDirectory() const = 0;
  /// Where files that nobody keeps may lie: $TMPDIR, or /tmp.
  virtual std::string TemporaryFolder() const { return "/tmp"; }
  /// Runs another program (RunPosixProgram). kUnsupported where there are none.
  virtual Result<std::string> RunProgram(const std::vector<std::string>& words,
                                         std::string_view input, const ProgramLimits& limits) const;
};

/// The real file system. Lives as long as the program. Only public calls and tests name it.
FileSystem& Posix();

constexpr uint64_t kMostWholeBytes = uint64_t{1} << 30;

/// Reads all of a file. kCorrupt if it is larger than `most_bytes`.
Result<std::string> ReadWhole(const RandomAccessFile& file, uint64_t most_bytes = kMostWholeBytes);
Result<std::string> ReadWholeFile(const FileSystem& file_system, const std::string& path,
                                  uint64_t most_bytes = kMostWholeBytes);

/// Writes a new file: creates it, and syncs it with `sync`. kAlreadyExists if there is one.
Status WriteNewFile(FileSystem& file_system, const std::string& path,
                    std::span<const std::byte> bytes, bool sync);

/// `path` made absolute, without "." and empty components; ".." stays, since it may follow a link.
/// The working directory is asked for only if `path` is relative.
Result<std::string> AbsolutePath(const FileSystem& file_system, const std::string& path);

/// Whether `path` exists; errors other than absence are errors.
Result<bool> Exists(const FileSystem& file_system, const std::string& path);

/// "a/b" from "a" and "b"; `name` must be relative.
std::string JoinPath(const std::string& directory, const std::string& name);

}  // namespace robomerge::io
