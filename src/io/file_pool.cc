#include "io/file_pool.h"

#include "base/text.h"

namespace robomerge::io {

Result<std::shared_ptr<const RandomAccessFile>> FilePool::Get(const std::string& path,
                                                              uint64_t size_bytes) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = position_.find(path);
    if (found != position_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->file;
    }
  }
  // Opened without the lock: a slow file system must not hold the others up. Two threads may open
  // one file; one of them is then dropped.
  ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> opened,
                             file_system_.OpenForReading(path));
  if (opened->size_bytes() != size_bytes) {
    return Problem(Code::kCorrupt, "source file has changed since it was read")
        .Kind("E-source-changed")
        .At(path)
        .Expected(StrCat(WithSeparators(size_bytes), " bytes"))
        .Found(WithSeparators(opened->size_bytes()))
        .Hint("let nothing write to the sources, then run the merge again");
  }
  std::shared_ptr<const RandomAccessFile> file = std::move(opened);
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = position_.try_emplace(path);
  if (!is_new) return entry->second->file;
  recent_.push_front({path, file});
  entry->second = recent_.begin();
  if (recent_.size() > capacity_) {
    position_.erase(recent_.back().path);
    recent_.pop_back();
  }
  return file;
}

Status PooledFile::ReadAt(uint64_t offset, std::span<std::byte> out) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<const RandomAccessFile> file, Pin());
  return file->ReadAt(offset, out);
}

}  // namespace robomerge::io
