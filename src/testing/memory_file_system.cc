#include "testing/memory_file_system.h"

#include <algorithm>
#include <set>

#include "base/checked.h"
#include "base/path.h"
#include "base/text.h"

namespace robomerge::io {
namespace {

constexpr uint64_t kRoot = 1;

Problem NotFound(const std::string& path) {
  return Problem(Code::kNotFound, "cannot find").At(path).Found("No such file or directory");
}
Problem Refused(const std::string& operation, const std::string& path, Code code = Code::kIo) {
  return Problem(code, "cannot " + operation)
      .At(path)
      .Found(code == Code::kAlreadyExists ? "File exists" : "No such file or directory");
}

// Reads the bytes as they were when it was opened.
class ReadableFile final : public RandomAccessFile {
 public:
  ReadableFile(std::string path, std::shared_ptr<const std::string> bytes, const FileStat& stat)
      : path_(std::move(path)), bytes_(std::move(bytes)), stat_(stat) {}
  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return bytes_->size(); }
  FileStat stat() const override { return stat_; }
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (!RangeFits(offset, out.size(), bytes_->size()))
      return Problem(Code::kCorrupt, "file ends early").At(path_);
    const auto all = std::as_bytes(std::span(*bytes_));
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return Status();
  }

 private:
  const std::string path_;
  const std::shared_ptr<const std::string> bytes_;
  const FileStat stat_;
};

}  // namespace

class MemoryFileSystem::WritableFile final : public OutputFile {
 public:
  WritableFile(MemoryFileSystem& owner, std::string path, NodeId node)
      : owner_(owner), path_(std::move(path)), node_(node) {}
  const std::string& path() const override { return path_; }

  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(owner_.mutex_);
    const auto found = owner_.nodes_.find(node_);
    if (found == owner_.nodes_.end()) return Status();  // removed while open: written nowhere
    std::string& content = found->second.Writable();
    content.resize(std::max<size_t>(content.size(), offset + bytes.size()));
    std::copy_n(reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                content.begin() + static_cast<std::ptrdiff_t>(offset));
    owner_.Touch(found->second);
    return Status();
  }

  Status SetSize(uint64_t size_bytes) override {
    const std::lock_guard lock(owner_.mutex_);
    const auto found = owner_.nodes_.find(node_);
    if (found == owner_.nodes_.end()) return Status();
    found->second.Writable().resize(size_bytes);
    owner_.Touch(found->second);
    return Status();
  }

  Result<MovedBytes> CopyRange(const RandomAccessFile& source, uint64_t source_offset,
                               uint64_t length, uint64_t offset) override {
    std::vector<std::byte> bytes(length);
    ROBOMERGE_RETURN_NOT_OK(source.ReadAt(source_offset, bytes));
    ROBOMERGE_RETURN_NOT_OK(WriteAt(offset, bytes));
    return MovedBytes{.copied_bytes = length, .shared_bytes = 0};
  }

  Status Sync() override {
    const std::lock_guard lock(owner_.mutex_);
    const auto found = owner_.nodes_.find(node_);
    if (found != owner_.nodes_.end()) found->second.synced_bytes = found->second.Share();
    return Status();
  }

  Status Close(bool sync) override { return sync ? Sync() : Status(); }

 private:
  MemoryFileSystem& owner_;
  const std::string path_;
  const NodeId node_;
};

std::shared_ptr<const std::string> MemoryFileSystem::Node::Share() const {
  is_shared = true;
  return bytes;
}

std::string& MemoryFileSystem::Node::Writable() {
  if (is_shared) bytes = std::make_shared<std::string>(*bytes);
  is_shared = false;
  return *bytes;
}

class MemoryFileSystem::HeldLock final : public Lock {
 public:
  HeldLock(std::shared_ptr<std::map<NodeId, int>> locks, NodeId node)
      : locks_(std::move(locks)), node_(node) {}
  ~HeldLock() override {
    int& holders = (*locks_)[node_];
    holders = holders < 0 ? 0 : holders - 1;
  }

 private:
  const std::shared_ptr<std::map<NodeId, int>> locks_;
  const NodeId node_;
};

MemoryFileSystem::MemoryFileSystem() : locks_(std::make_shared<std::map<NodeId, int>>()) {
  nodes_[kRoot].is_directory = true;
  on_device_[kRoot];
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::Clone() const {
  auto clone = std::make_unique<MemoryFileSystem>();
  const std::lock_guard lock(mutex_);
  for (const auto& [id, node] : nodes_) static_cast<void>(node.Share());
  clone->nodes_ = nodes_;
  clone->on_device_ = on_device_;
  clone->changes_ = changes_;
  clone->next_node_ = next_node_;
  clone->clock_ns_ = clock_ns_;
  return clone;
}

void MemoryFileSystem::LoseContent(ContentLoss loss, std::mt19937_64& random, Node& node) {
  if (node.is_directory || node.bytes == node.synced_bytes || *node.bytes == *node.synced_bytes)
    return;
  const std::string& written = *node.bytes;
  const std::string& synced = *node.synced_bytes;
  const size_t kept = random() % (written.size() + 1);
  // The kinds of kRandom: the three others, a beginning, an end after zeros.
  const uint64_t kind = loss == ContentLoss::kRandom ? random() % 5 : static_cast<uint64_t>(loss);
  std::string left;
  if (kind == 0) return;
  if (kind == 1) left = synced;
  if (kind == 2)
    left = synced + std::string(written.size() - std::min(written.size(), synced.size()), '\0');
  if (kind == 3) left = written.substr(0, std::max(kept, synced.size()));
  if (kind == 4) left = std::string(kept, '\0') + written.substr(kept);
  node.bytes = std::make_shared<std::string>(std::move(left));
  node.is_shared = false;
}

void MemoryFileSystem::Crash(NameLoss names, ContentLoss contents, uint64_t seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  const size_t prefix = random() % (changes_.size() + 1);
  for (size_t at = 0; at < changes_.size(); ++at) {
    const bool by_chance = names == NameLoss::kKept ||
                           (names == NameLoss::kPrefix && at < prefix) ||
                           (names == NameLoss::kEach && random() % 2 == 0);
    if (changes_[at].is_synced || by_chance) Apply(changes_[at], on_device_);
  }
  changes_.clear();
  // What no name leads to is gone.
  std::set<NodeId> reached = {kRoot};
  std::vector<NodeId> folders = {kRoot};
  while (!folders.empty()) {
    const NodeId folder = folders.back();
    folders.pop_back();
    nodes_[folder].entries = on_device_[folder];
    for (const auto& [name, node] : on_device_[folder]) {
      if (reached.insert(node).second && nodes_[node].is_directory) folders.push_back(node);
    }
  }
  std::erase_if(nodes_, [&](const auto& node) { return !reached.contains(node.first); });
  std::erase_if(on_device_, [&](const auto& folder) { return !reached.contains(folder.first); });
  for (auto& [id, node] : nodes_) {
    LoseContent(contents, random, node);
    node.synced_bytes = node.Share();
  }
  locks_ = std::make_shared<std::map<NodeId, int>>();
}

void MemoryFileSystem::SyncAll() { Crash(NameLoss::kKept, ContentLoss::kKept, 0); }

Status MemoryFileSystem::Put(const std::string& path, std::string bytes) {
  ROBOMERGE_RETURN_NOT_OK(MakeDirectories(path.substr(0, path.find_last_of('/'))));
  ROBOMERGE_RETURN_NOT_OK(Overwrite(path, std::as_bytes(std::span(bytes))));
  SyncAll();
  return Status();
}

void MemoryFileSystem::GiveAway(const std::string& path) {
  const std::lock_guard lock(mutex_);
  nodes_.at(Find(path).value().node).owner = kUser + 1;
}

void MemoryFileSystem::RewriteUnseen(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  Node& node = nodes_.at(Find(path).value().node);
  node.Writable() = std::move(bytes);
  node.changed_ns = ++clock_ns_;
}

void MemoryFileSystem::Touch(Node& node) { node.modified_ns = node.changed_ns = ++clock_ns_; }

Result<MemoryFileSystem::Place> MemoryFileSystem::Find(const std::string& path) const {
  Place place{0, "", kRoot};
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (place.node == 0 || !nodes_.at(place.node).is_directory) return NotFound(path);
    const Entries& entries = nodes_.at(place.node).entries;
    const auto found = entries.find(part);
    place = {place.node, part, found == entries.end() ? 0 : found->second};
  }
  return place;
}

void MemoryFileSystem::Apply(const NameChange& change, std::map<NodeId, Entries>& folders) const {
  Entries& entries = folders[change.folder];
  using Kind = NameChange::Kind;
  if (change.kind == Kind::kAdd) {
    entries[change.name] = change.node;
    return;
  }
  entries.erase(change.name);
  if (change.kind == Kind::kRemove) return;
  // A rename that reached the device brought what it renames with it, whether or not the old name
  // had been there.
  folders[change.other_folder][change.other_name] = change.node;
  if (change.kind == Kind::kExchange) entries[change.name] = change.other_node;
}

void MemoryFileSystem::Note(NameChange change) {
  std::map<NodeId, Entries> touched = {{change.folder, nodes_[change.folder].entries}};
  if (change.other_folder != 0) touched[change.other_folder] = nodes_[change.other_folder].entries;
  Apply(change, touched);
  for (auto& [folder, entries] : touched) {
    nodes_[folder].entries = std::move(entries);
    Touch(nodes_[folder]);
  }
  changes_.push_back(std::move(change));
}

MemoryFileSystem::NodeId MemoryFileSystem::Add(NodeId folder, const std::string& name,
                                               bool is_directory) {
  const NodeId node = next_node_++;
  nodes_[node].is_directory = is_directory;
  Touch(nodes_[node]);
  if (is_directory) on_device_[node];
  Note({NameChange::Kind::kAdd, folder, name, 0, "", node, 0, false});
  return node;
}

Result<std::unique_ptr<RandomAccessFile>> MemoryFileSystem::OpenForReading(
    const std::string& path) const {
  const std::lock_guard lock(mutex_);
  ROBOMERGE_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (place.node == 0) return NotFound(path);
  const Node& node = nodes_.at(place.node);
  if (node.is_directory) return Problem(Code::kCorrupt, "not a regular file").At(path);
  return std::unique_ptr<RandomAccessFile>(
      std::make_unique<ReadableFile>(path, node.Share(), StatOf(place.node, node)));
}

Result<std::unique_ptr<OutputFile>> MemoryFileSystem::Create(const std::string& path, Sharing) {
  const std::lock_guard lock(mutex_);
  const Result<Place> place = Find(path);
  if (!place.ok()) return Refused("create", path);
  if (place->node != 0) return Refused("create", path, Code::kAlreadyExists);
  const NodeId node = Add(place->folder, place->name, false);
  return std::unique_ptr<OutputFile>(std::make_unique<WritableFile>(*this, path, node));
}

Status MemoryFileSystem::Overwrite(const std::string& path, std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  const Result<Place> place = Find(path);
  if (!place.ok() || (place->node != 0 && nodes_.at(place->node).is_directory))
    return Refused("create", path);
  Node& node = nodes_[place->node != 0 ? place->node : Add(place->folder, place->name, false)];
  node.Writable().assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Touch(node);
  return Status();
}

FileStat MemoryFileSystem::StatOf(NodeId id, const Node& node) {
  FileStat stat;
  stat.size_bytes = node.bytes->size();
  stat.modified_ns = node.modified_ns;
  stat.changed_ns = node.changed_ns;
  stat.device = 1;
  stat.inode = id;
  stat.owner = node.owner;
  stat.kind = node.is_directory ? FileKind::kDirectory : FileKind::kRegular;
  return stat;
}

Result<FileStat> MemoryFileSystem::Stat(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  ROBOMERGE_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (place.node == 0) return NotFound(path);
  return StatOf(place.node, nodes_.at(place.node));
}

Result<std::vector<std::string>> MemoryFileSystem::List(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  ROBOMERGE_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (place.node == 0 || !nodes_.at(place.node).is_directory) return NotFound(path);
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_.at(place.node).entries) names.push_back(name);
  return names;
}

Status MemoryFileSystem::MakeDirectories(const std::string& path) {
  const std::lock_guard lock(mutex_);
  for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    const Result<Place> place = Find(part);
    if (!place.ok()) return Refused("make directory", part);
    if (place->node == 0) Add(place->folder, place->name, true);
    if (place->node != 0 && !nodes_.at(place->node).is_directory)
      return Refused("make directory", part);
    if (at == std::string::npos) return Status();
  }
}

Status MemoryFileSystem::Move(const std::string& from, const std::string& to, bool replaces) {
  const std::lock_guard lock(mutex_);
  const Result<Place> source = Find(from), target = Find(to);
  if (!source.ok() || source->node == 0 || !target.ok()) return Refused("rename to", to);
  if (target->node != 0 && !replaces) return Refused("rename to", to, Code::kAlreadyExists);
  Note({NameChange::Kind::kMove, source->folder, source->name, target->folder, target->name,
        source->node, 0, false});
  return Status();
}

Status MemoryFileSystem::RenameNew(const std::string& from, const std::string& to) {
  return Move(from, to, false);
}
Status MemoryFileSystem::Replace(const std::string& from, const std::string& to) {
  return Move(from, to, true);
}

Status MemoryFileSystem::Link(const std::string& from, const std::string& to, bool sync) {
  const std::lock_guard lock(mutex_);
  const Result<Place> source = Find(from), target = Find(to);
  if (!source.ok() || source->node == 0 || !target.ok()) return Refused("link to", to);
  if (target->node != 0) return Refused("link to", to, Code::kAlreadyExists);
  Node& node = nodes_.at(source->node);
  if (node.is_directory || node.owner != kUser)
    return Problem(Code::kUnsupported, "cannot link").At(from).Found("a file of another user");
  node.changed_ns = ++clock_ns_;
  if (sync) node.synced_bytes = node.Share();
  Note({NameChange::Kind::kAdd, target->folder, target->name, 0, "", source->node, 0, false});
  return Status();
}

Status MemoryFileSystem::Exchange(const std::string& left, const std::string& right) {
  const std::lock_guard lock(mutex_);
  const Result<Place> first = Find(left), second = Find(right);
  if (!first.ok() || first->node == 0 || !second.ok() || second->node == 0)
    return Refused("exchange with", right);
  Note({NameChange::Kind::kExchange, first->folder, first->name, second->folder, second->name,
        first->node, second->node, false});
  return Status();
}

void MemoryFileSystem::RemoveNode(const Place& place) {
  const Entries entries = nodes_.at(place.node).entries;
  for (const auto& [name, node] : entries) RemoveNode({place.node, name, node});
  Note({NameChange::Kind::kRemove, place.folder, place.name, 0, "", 0, 0, false});
}

Status MemoryFileSystem::RemoveAll(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Result<Place> place = Find(path);
  if (place.ok() && place->node != 0) RemoveNode(*place);
  return Status();
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Result<Place> place = Find(path);
  if (!place.ok() || place->node == 0) return Refused("open", path);
  for (NameChange& change : changes_)
    change.is_synced |= change.folder == place->node || change.other_folder == place->node;
  return Status();
}

Result<std::unique_ptr<Lock>> MemoryFileSystem::TryLock(const std::string& path, LockKind kind) {
  const std::lock_guard lock(mutex_);
  const Result<Place> place = Find(path);
  if (!place.ok()) return Refused("create", path);
  const NodeId node = place->node != 0 ? place->node : Add(place->folder, place->name, false);
  int& holders = (*locks_)[node];
  if (holders < 0 || (holders > 0 && kind == LockKind::kExclusive))
    return Refused("lock", path, Code::kAlreadyExists);
  holders = kind == LockKind::kExclusive ? -1 : holders + 1;
  return std::unique_ptr<Lock>(std::make_unique<HeldLock>(locks_, node));
}

Result<std::string> MemoryFileSystem::RealPath(const std::string& path) const {
  return ResolvedAsText(path);
}

void MemoryFileSystem::Collect(NodeId folder, const std::string& prefix,
                               std::map<std::string, std::string>& tree,
                               std::map<std::string, int64_t>& times) const {
  for (const auto& [name, id] : nodes_.at(folder).entries) {
    const Node& node = nodes_.at(id);
    times[prefix + name] = node.modified_ns;
    if (node.is_directory) {
      if (node.entries.empty()) tree[prefix + name + "/"];
      Collect(id, prefix + name + "/", tree, times);
    } else {
      tree[prefix + name] = *node.bytes;
    }
  }
}

std::map<std::string, std::string> MemoryFileSystem::Tree(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> tree;
  std::map<std::string, int64_t> times;
  const Result<Place> place = Find(path);
  if (place.ok() && place->node != 0) Collect(place->node, "", tree, times);
  return tree;
}

std::map<std::string, int64_t> MemoryFileSystem::Times(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> tree;
  std::map<std::string, int64_t> times;
  const Result<Place> place = Find(path);
  if (place.ok() && place->node != 0) Collect(place->node, "", tree, times);
  return times;
}

}  // namespace robomerge::io
