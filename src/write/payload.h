// The payload of a destination file: ranges of source files, moved by one worker or by several.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "schedule/parallel_for.h"
#include "write/write.h"

namespace robomerge {

/// A destination file that holds everything that we make ourselves, and lacks the bytes that are
/// copied.
struct UnfilledFile {
  std::string name;  ///< within the destination
  std::unique_ptr<io::OutputFile> output;
  std::vector<std::unique_ptr<io::RandomAccessFile>> sources;  ///< what `ranges` point to
  std::vector<io::PayloadRange> ranges;                        ///< in order of destination offset
  bool sync = true;
  WrittenFile written;  ///< all but what the ranges add to `moved`
};

/// Copies the ranges, closes the file and calls `written`, all as soon as the last byte is there. A
/// large file is cut into parts that `spawner` queues; the one that is finished last closes it. A
/// file that fails is dropped unclosed.
Status FillAndClose(UnfilledFile file, schedule::Spawner& spawner, WrittenCallback written);

}  // namespace robomerge
