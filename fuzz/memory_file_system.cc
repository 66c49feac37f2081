#include "fuzz/memory_file_system.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "fuzz/check.h"

namespace robomerge::fuzz {
namespace {

// The kernel's own limits: a longer path is no file's.
constexpr size_t kMostPathBytes = 4096;
constexpr size_t kMostNameBytes = 255;

bool IsTooLong(const std::string& path) {
  if (path.size() >= kMostPathBytes) return true;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end - begin > kMostNameBytes) return true;
    begin = end + 1;
  }
  return false;
}

// As the kernel resolves it where there are no links.
std::string Resolved(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    begin = end + 1;
  }
  std::string resolved;
  for (const std::string& part : parts) resolved += "/" + part;
  return resolved;
}

Problem NotFound(const std::string& path) {
  return Problem(Code::kNotFound, "there is no such file").At(path);
}

}  // namespace

class MemoryFileSystem::Reader final : public io::RandomAccessFile {
 public:
  Reader(std::string path, std::shared_ptr<const std::string> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  const std::string& path() const override { return path_; }
  uint64_t size_bytes() const override { return bytes_->size(); }
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (!RangeFits(offset, out.size(), bytes_->size()))
      return Problem(Code::kCorrupt, "file ends early").At(path_);
    if (!out.empty()) std::memcpy(out.data(), bytes_->data() + offset, out.size());
    return Status();
  }

 private:
  const std::string path_;
  const std::shared_ptr<const std::string> bytes_;
};

class MemoryFileSystem::Writer final : public io::OutputFile {
 public:
  Writer(MemoryFileSystem& owner, std::string path, std::shared_ptr<std::string> bytes)
      : owner_(owner), path_(std::move(path)), bytes_(std::move(bytes)) {}
  const std::string& path() const override { return path_; }
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    ROBOMERGE_RETURN_NOT_OK(GrowTo(offset, bytes.size()));
    if (!bytes.empty()) std::memcpy(bytes_->data() + offset, bytes.data(), bytes.size());
    return Status();
  }
  Result<io::MovedBytes> CopyRange(const io::RandomAccessFile& source, uint64_t source_offset,
                                   uint64_t length, uint64_t offset) override {
    if (!RangeFits(source_offset, length, source.size_bytes()))
      return Problem(Code::kCorrupt, "file ends early").At(source.path());
    ROBOMERGE_RETURN_NOT_OK(GrowTo(offset, length));
    ROBOMERGE_RETURN_NOT_OK(source.ReadAt(
        source_offset, std::as_writable_bytes(std::span(*bytes_)).subspan(offset, length)));
    return io::MovedBytes{length, 0};
  }
  Status SetSize(uint64_t size_bytes) override {
    ROBOMERGE_RETURN_NOT_OK(GrowTo(size_bytes, 0));
    bytes_->resize(size_bytes);
    return Status();
  }
  Status Sync() override { return Status(); }
  Status Close(bool) override { return Status(); }

 private:
  Status GrowTo(uint64_t offset, uint64_t length) {
    const std::optional<uint64_t> end = CheckedAdd(offset, length);
    const uint64_t size = bytes_->size();
    if (!end || (*end > size && *end - size > owner_.bytes_left_))
      return Problem(Code::kIo, "no space left").At(path_);
    if (*end > size) {
      owner_.bytes_left_ -= *end - size;
      bytes_->resize(*end);
    }
    return Status();
  }

  MemoryFileSystem& owner_;
  const std::string path_;
  const std::shared_ptr<std::string> bytes_;
};

void MemoryFileSystem::CheckInside(const std::string& path) const {
  FUZZ_CHECK(path.find('\0') == std::string::npos, path);
  const std::string resolved = Resolved(path);
  const bool is_inside = std::any_of(roots_.begin(), roots_.end(), [&](const std::string& root) {
    return resolved == root || resolved.starts_with(root + "/");
  });
  FUZZ_CHECK(path.starts_with('/') && is_inside, path);
}

void MemoryFileSystem::Add(const std::string& path, std::string bytes) {
  CheckInside(path);
  files_[Resolved(path)] = std::make_shared<std::string>(std::move(bytes));
}

const std::string* MemoryFileSystem::Find(const std::string& path) const {
  const auto entry = files_.find(Resolved(path));
  return entry == files_.end() ? nullptr : entry->second.get();
}

Result<std::unique_ptr<io::RandomAccessFile>> MemoryFileSystem::OpenForReading(
    const std::string& path) const {
  CheckInside(path);
  if (IsTooLong(path)) return Problem(Code::kIo, "name is too long").At(path);
  const auto entry = files_.find(Resolved(path));
  if (entry == files_.end()) return NotFound(path);
  return std::unique_ptr<io::RandomAccessFile>(std::make_unique<Reader>(path, entry->second));
}

Result<std::unique_ptr<io::OutputFile>> MemoryFileSystem::Create(const std::string& path,
                                                                 io::Sharing) {
  CheckInside(path);
  if (IsTooLong(path)) return Problem(Code::kIo, "name is too long").At(path);
  const auto [entry, is_new] = files_.try_emplace(Resolved(path), std::make_shared<std::string>());
  if (!is_new) return Problem(Code::kAlreadyExists, "there is such a file").At(path);
  return std::unique_ptr<io::OutputFile>(std::make_unique<Writer>(*this, path, entry->second));
}

Result<io::FileStat> MemoryFileSystem::Stat(const std::string& path) const {
  CheckInside(path);
  if (IsTooLong(path)) return Problem(Code::kIo, "name is too long").At(path);
  const std::string resolved = Resolved(path);
  io::FileStat stat;
  if (const auto entry = files_.find(resolved); entry != files_.end()) {
    stat.size_bytes = entry->second->size();
    return stat;
  }
  const auto below = files_.lower_bound(resolved + "/");
  if (below == files_.end() || !below->first.starts_with(resolved + "/")) return NotFound(path);
  stat.is_directory = true;
  return stat;
}

Result<std::vector<std::string>> MemoryFileSystem::List(const std::string& path) const {
  CheckInside(path);
  const std::string prefix = Resolved(path) + "/";
  std::vector<std::string> names;
  for (auto entry = files_.lower_bound(prefix);
       entry != files_.end() && entry->first.starts_with(prefix); ++entry) {
    std::string name = entry->first.substr(prefix.size());
    name = name.substr(0, name.find('/'));
    names.push_back(std::move(name));
  }
  if (names.empty()) return NotFound(path);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Folders are where files are.
Status MemoryFileSystem::MakeDirectories(const std::string& path) {
  CheckInside(path);
  return Status();
}

Status MemoryFileSystem::RenameNew(const std::string& from, const std::string& to) {
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(*this, to));
  if (exists) return Problem(Code::kAlreadyExists, "there is such a file").At(to);
  return Replace(from, to);
}

Status MemoryFileSystem::Replace(const std::string& from, const std::string& to) {
  CheckInside(from);
  CheckInside(to);
  const std::string old_name = Resolved(from), new_name = Resolved(to);
  std::map<std::string, std::shared_ptr<std::string>> files;
  for (const auto& [name, bytes] : files_) {
    if (name == old_name || name.starts_with(old_name + "/"))
      files[new_name + name.substr(old_name.size())] = bytes;
    else
      files.try_emplace(name, bytes);
  }
  files_ = std::move(files);
  return Status();
}

Status MemoryFileSystem::Exchange(const std::string& left, const std::string&) {
  return Problem(Code::kUnsupported, "folders cannot be exchanged here").At(left);
}

Status MemoryFileSystem::RemoveAll(const std::string& path) {
  CheckInside(path);
  const std::string resolved = Resolved(path);
  std::erase_if(files_, [&](const auto& entry) {
    return entry.first == resolved || entry.first.starts_with(resolved + "/");
  });
  return Status();
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  CheckInside(path);
  return Status();
}

Result<std::unique_ptr<io::Lock>> MemoryFileSystem::TryLock(const std::string& path, io::LockKind) {
  CheckInside(path);
  return std::make_unique<io::Lock>();
}

bool MemoryFileSystem::CanShareExtents(const std::string&, const std::string&) const {
  return false;
}

Result<uint64_t> MemoryFileSystem::FreeBytes(const std::string& path) const {
  CheckInside(path);
  return bytes_left_;
}

std::unique_ptr<io::RandomAccessFile> MemoryFileOf(std::string path, std::string bytes) {
  MemoryFileSystem files({""});
  const std::string absolute = "/" + path;
  files.Add(absolute, std::move(bytes));
  return std::move(files.OpenForReading(absolute)).value();
}

}  // namespace robomerge::fuzz
