#include "io/file_pool.h"

#include <iterator>
#include <utility>

#include "base/text.h"

namespace robomerge::io {

FilePool::Files FilePool::MakeRoom() {
  Files closing;
  for (auto at = recent_.end();
       at != recent_.begin() && recent_.size() + num_opening_ >= capacity_;) {
    const auto candidate = std::prev(at);
    // Pins are made only under the lock, so a file that nobody holds now stays unpinned.
    if (candidate->file.use_count() > 1) {
      at = candidate;
      continue;
    }
    position_.erase(candidate->path);
    closing.splice(closing.begin(), recent_, candidate);
  }
  return closing;
}

Result<std::shared_ptr<const RandomAccessFile>> FilePool::Get(const std::string& path,
                                                              uint64_t size_bytes) {
  Files closing;
  {
    const std::lock_guard lock(mutex_);
    const auto found = position_.find(path);
    if (found != position_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->file;
    }
    closing = MakeRoom();
    ++num_opening_;
  }
  // Closed and opened without the lock: a slow file system must not hold the others up. Two threads
  // may open one file; one of them is then dropped.
  closing.clear();
  Result<std::unique_ptr<RandomAccessFile>> opened = file_system_.OpenForReading(path);
  const std::lock_guard lock(mutex_);
  --num_opening_;
  ROBOMERGE_RETURN_NOT_OK(opened.status());
  if ((*opened)->size_bytes() != size_bytes) {
    return Problem(Code::kCorrupt, "source file has changed since it was read")
        .Kind("E-source-changed")
        .At(path)
        .Expected(StrCat(WithSeparators(size_bytes), " bytes"))
        .Found(WithSeparators((*opened)->size_bytes()))
        .Hint("let nothing write to the sources, then run the merge again");
  }
  const auto [entry, is_new] = position_.try_emplace(path);
  if (!is_new) return entry->second->file;
  recent_.push_front({path, std::move(*opened)});
  entry->second = recent_.begin();
  return recent_.front().file;
}

Status PooledFile::ReadAt(uint64_t offset, std::span<std::byte> out) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::shared_ptr<const RandomAccessFile> file, Pin());
  return file->ReadAt(offset, out);
}

}  // namespace robomerge::io
