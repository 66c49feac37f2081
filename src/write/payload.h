// Moves the payload of a destination file, ranges of source files, with one worker or several.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "schedule/parallel_for.h"
#include "write/write.h"

namespace robomerge {

/// A destination file that holds everything that robomerge makes itself. The bytes that are copied
/// are still missing.
struct UnfilledFile {
  std::string name;  ///< within the destination
  std::unique_ptr<io::OutputFile> output;
  std::vector<std::shared_ptr<io::RandomAccessFile>> sources;  ///< what `ranges` point to
  std::vector<io::PayloadRange> ranges;                        ///< in order of destination offset
  bool sync = true;
  bool one_worker = false;  ///< it is filled by the one that has begun it, however large it is
  WrittenFile written;      ///< all but what the ranges add to `moved`
};

/// Copies the ranges, and as soon as the last byte is there closes the file and calls `written`. A
/// large file is cut into parts that `spawner` queues; the part that finishes last closes it. A
/// file that fails is dropped unclosed.
Status FillAndClose(UnfilledFile file, schedule::Spawner& spawner, WrittenCallback written);

}  // namespace robomerge
