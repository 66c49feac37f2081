#include "write/payload.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

namespace robomerge {
namespace {

// How much one worker copies at a time of a file that several may fill.
constexpr uint64_t kPartBytes = uint64_t{16} << 20;
// How many workers may join the first one at one file.
constexpr size_t kMostHelpers = 7;

uint64_t BytesOf(const std::vector<io::PayloadRange>& ranges, size_t begin, size_t end) {
  uint64_t bytes = 0;
  for (size_t at = begin; at < end; ++at) bytes += ranges[at].length_bytes;
  return bytes;
}

// Cuts ranges that are larger than a part, each at multiples of the part's size.
std::vector<io::PayloadRange> CutRanges(const std::vector<io::PayloadRange>& ranges) {
  std::vector<io::PayloadRange> cut;
  for (io::PayloadRange range : ranges) {
    while (range.length_bytes > kPartBytes) {
      io::PayloadRange head = range;
      head.length_bytes = kPartBytes;
      cut.push_back(head);
      range.source_offset += kPartBytes;
      range.destination_offset += kPartBytes;
      range.length_bytes -= kPartBytes;
    }
    cut.push_back(range);
  }
  return cut;
}

// The first range of each part, and the number of ranges.
std::vector<size_t> CutParts(const std::vector<io::PayloadRange>& ranges) {
  std::vector<size_t> begins;
  uint64_t bytes = kPartBytes;
  for (size_t at = 0; at < ranges.size(); ++at) {
    if (bytes + ranges[at].length_bytes > kPartBytes) {
      begins.push_back(at);
      bytes = 0;
    }
    bytes += ranges[at].length_bytes;
  }
  begins.push_back(ranges.size());
  return begins;
}

// The file while it is filled. All workers that copy its parts share it.
class Filling {
 public:
  Filling(UnfilledFile file, WrittenCallback written)
      : file_(std::move(file)), written_(std::move(written)) {}

  const std::string& name() const { return file_.name; }

  /// Cuts the file into parts and returns how many there are.
  size_t Cut() {
    file_.ranges = CutRanges(file_.ranges);
    part_begins_ = CutParts(file_.ranges);
    return num_parts();
  }

  Status CopyAllAndClose() {
    ROBOMERGE_RETURN_NOT_OK(Copy(0, file_.ranges.size()));
    return Close();
  }

  /// Copies the next part that no worker has taken, and returns its bytes; nullopt if none is left.
  /// The worker that finishes the last part closes the file at once, without waiting for helpers
  /// that are still queued: a kill loses every file that is not closed.
  Result<std::optional<uint64_t>> CopyNextPart() {
    const std::optional<size_t> part = TakePart();
    if (!part) return std::optional<uint64_t>();
    const size_t begin = part_begins_[*part], end = part_begins_[*part + 1];
    const uint64_t bytes = BytesOf(file_.ranges, begin, end);
    const Status copied = Copy(begin, end);
    if (copied.ok() && file_.sync) {
      const io::PayloadRange& first = file_.ranges[begin];
      const io::PayloadRange& last = file_.ranges[end - 1];
      file_.output->BeginSync(
          first.destination_offset,
          last.destination_offset + last.length_bytes - first.destination_offset);
    }
    const bool is_last = FinishPart(copied.ok());
    ROBOMERGE_RETURN_NOT_OK(copied);
    if (is_last) ROBOMERGE_RETURN_NOT_OK(Close());
    return std::optional<uint64_t>(bytes);
  }

 private:
  size_t num_parts() const { return part_begins_.size() - 1; }

  std::optional<size_t> TakePart() {
    const std::lock_guard lock(mutex_);
    if (has_failed_ || next_part_ == num_parts()) return std::nullopt;
    ++num_active_;
    return next_part_++;
  }

  // Returns whether this was the last of all parts. A file that has failed is dropped when no
  // worker copies into it any more. Otherwise it would stay open, and take up space, as long as
  // helpers are queued.
  bool FinishPart(bool is_ok) {
    std::unique_ptr<io::OutputFile> dropped;
    const std::lock_guard lock(mutex_);
    --num_active_;
    has_failed_ = has_failed_ || !is_ok;
    if (has_failed_ && num_active_ == 0) dropped = std::move(file_.output);
    return !has_failed_ && num_active_ == 0 && next_part_ == num_parts();
  }

  // Called when no other worker uses the file. Releases what it holds now, and not with the last
  // helper.
  Status Close() {
    const std::unique_ptr<io::OutputFile> output = std::move(file_.output);
    ROBOMERGE_RETURN_NOT_OK(output->Close(file_.sync));
    written_(file_.written);
    file_ = UnfilledFile();
    return Status();
  }

  Status Copy(size_t begin, size_t end) {
    io::MovedBytes moved;
    for (size_t at = begin; at < end; ++at) {
      const io::PayloadRange& range = file_.ranges[at];
      Result<io::MovedBytes> of_range = file_.output->CopyRange(
          *range.source, range.source_offset, range.length_bytes, range.destination_offset);
      if (!of_range.ok()) return of_range.status();
      moved += *of_range;
    }
    const std::lock_guard lock(mutex_);
    file_.written.moved += moved;
    return Status();
  }

  UnfilledFile file_;
  const WrittenCallback written_;
  std::vector<size_t> part_begins_;
  std::mutex mutex_;       // guards file_.written.moved and what follows
  size_t next_part_ = 0;   // the first that no worker has taken
  size_t num_active_ = 0;  // parts that are being copied
  bool has_failed_ = false;
};

// Copies one part and spawns itself for the next. Each part is a node of its own, so that a merge
// can be stopped between two and the trace shows them.
Status CopyParts(const std::shared_ptr<Filling>& filling, schedule::Spawner& spawner) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::optional<uint64_t> bytes, filling->CopyNextPart());
  spawner.SetHandled(bytes.value_or(0));
  if (bytes)
    spawner.Spawn({}, [filling](schedule::Spawner& next) { return CopyParts(filling, next); });
  return Status();
}

}  // namespace

Status FillAndClose(UnfilledFile file, schedule::Spawner& spawner, WrittenCallback written) {
  if (!file.ranges.empty()) {
    const io::PayloadRange& last = file.ranges.back();
    file.output->Reserve(last.destination_offset + last.length_bytes);
  }
  const bool is_small =
      file.one_worker || BytesOf(file.ranges, 0, file.ranges.size()) < 2 * kPartBytes;
  const auto filling = std::make_shared<Filling>(std::move(file), std::move(written));
  if (is_small) return filling->CopyAllAndClose();
  // One worker goes through the file, and others join in only when there is no file left to begin.
  // The kernel locks the inode while it writes, so two workers on two files are about twice as fast
  // as two on one.
  std::vector<schedule::Item> parts(std::min(filling->Cut(), 1 + kMostHelpers));
  for (schedule::Item& part : parts) {
    part.name = "write " + filling->name();
    part.category = "write";
    part.is_spare = &part != &parts.front();
    part.body = [filling](schedule::Spawner& own) { return CopyParts(filling, own); };
  }
  spawner.SetHandled(0);
  spawner.Spawn(std::move(parts));
  return Status();
}

}  // namespace robomerge
