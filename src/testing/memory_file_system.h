// A file system in memory that knows what a device would hold after a power cut: for tests.
//
// It keeps only what POSIX promises: fsync of a file saves its contents but not its name, fsync of
// a folder the names in it but not those above. A rename reaches the device whole or not at all.
// Everything else is lost or kept as the arguments of Crash say. There are hard links, no others.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "io/file_system.h"

namespace robomerge::io {

/// What becomes of names (made, renamed, removed) whose folder was not synced.
enum class NameLoss {
  kLost,    ///< none reached the device
  kKept,    ///< all did
  kPrefix,  ///< those up to some moment did: a journalling file system
  kEach,    ///< each by chance
};

/// What becomes of bytes that were written and not synced.
enum class ContentLoss {
  kKept,
  kLost,    ///< the file is as at its last sync; empty if there was none
  kZeros,   ///< the size reached the device, the bytes did not
  kRandom,  ///< per file: one of the above, or a beginning of it, or zeros up to some byte and the
            ///< rest of it
};

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  /// A copy in which the same changes are synced. Locks are not copied.
  std::unique_ptr<MemoryFileSystem> Clone() const;
  /// Cuts the power and starts again: what was not synced is lost as `names` and `contents` say,
  /// everything else is on the device. Locks are dropped.
  void Crash(NameLoss names, ContentLoss contents, uint64_t seed);
  /// Everything that is there reaches the device.
  void SyncAll();
  /// Makes or overwrites a file, with its folders, and syncs everything.
  Status Put(const std::string& path, std::string bytes);
  /// Gives what is at `path` to another user than the one who runs.
  void GiveAway(const std::string& path);
  /// Writes other bytes into a file and sets its time back, as `cp -p` or `touch` do.
  void RewriteUnseen(const std::string& path, std::string bytes);
  /// Every file below `path`: its path from there, and its bytes. An empty folder ends with a '/'.
  std::map<std::string, std::string> Tree(const std::string& path) const;
  /// Paths with time of their last change, folders included, below `path`.
  std::map<std::string, int64_t> Times(const std::string& path) const;

  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(const std::string& path) const override;
  Result<std::unique_ptr<OutputFile>> Create(const std::string& path, Sharing sharing) override;
  Status Overwrite(const std::string& path, std::span<const std::byte> bytes) override;
  Result<FileStat> Stat(const std::string& path) const override;
  Result<FileStat> StatLink(const std::string& path) const override { return Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) const override;
  Status MakeDirectories(const std::string& path) override;
  Status RenameNew(const std::string& from, const std::string& to) override;
  Status Replace(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to, bool sync) override;
  Status Exchange(const std::string& left, const std::string& right) override;
  Status RemoveAll(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<Lock>> TryLock(const std::string& path, LockKind kind) override;
  bool CanShareExtents(const std::string&, const std::string&) const override { return false; }
  Result<uint64_t> FreeBytes(const std::string&) const override { return uint64_t{1} << 40; }
  Result<std::string> RealPath(const std::string& path) const override;
  Status CheckWritable(const std::string& path) const override { return Stat(path).status(); }
  uint64_t CurrentUser() const override { return kUser; }
  Result<std::string> WorkingDirectory() const override { return std::string("/"); }

 private:
  static constexpr uint64_t kUser = 1000;
  class WritableFile;
  class HeldLock;
  using NodeId = uint64_t;
  using Entries = std::map<std::string, NodeId>;

  struct Node {
    bool is_directory = false;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    uint64_t owner = kUser;
    Entries entries;  // of a folder, as every process sees them
    // Of a file. Readers, clones and `synced_bytes` hold the same string, which then is not changed
    // but replaced (see Writable).
    std::shared_ptr<std::string> bytes = std::make_shared<std::string>();
    std::shared_ptr<const std::string> synced_bytes = std::make_shared<std::string>();
    mutable bool is_shared = false;

    std::shared_ptr<const std::string> Share() const;
    std::string& Writable();
  };
  // A change of names, in order; two places for renames and exchanges.
  struct NameChange {
    enum class Kind { kAdd, kRemove, kMove, kExchange } kind = Kind::kAdd;
    NodeId folder = 0;
    std::string name;
    NodeId other_folder = 0;
    std::string other_name;
    NodeId node = 0;        // what is added or moved
    NodeId other_node = 0;  // what it is exchanged with
    bool is_synced = false;
  };
  // Where a path leads: the folder that holds it, and what is there (0: nothing).
  struct Place {
    NodeId folder = 0;
    std::string name;
    NodeId node = 0;
  };

  Result<Place> Find(const std::string& path) const;
  void Touch(Node& node);
  static FileStat StatOf(NodeId id, const Node& node);
  NodeId Add(NodeId folder, const std::string& name, bool is_directory);
  void Note(NameChange change);
  void Apply(const NameChange& change, std::map<NodeId, Entries>& folders) const;
  Status Move(const std::string& from, const std::string& to, bool replaces);
  void RemoveNode(const Place& place);
  void Collect(NodeId folder, const std::string& prefix, std::map<std::string, std::string>& tree,
               std::map<std::string, int64_t>& times) const;
  static void LoseContent(ContentLoss loss, std::mt19937_64& random, Node& node);

  mutable std::mutex mutex_;  // guards all
  std::map<NodeId, Node> nodes_;
  std::map<NodeId, Entries> on_device_;  // before `changes_`
  std::vector<NameChange> changes_;
  NodeId next_node_ = 2;
  int64_t clock_ns_ = 1'700'000'000'000'000'000;
  std::shared_ptr<std::map<NodeId, int>> locks_;  // number of holders; -1: one exclusive holder
};

}  // namespace robomerge::io
