// The hashes that the record of a dataset holds of its files (docs/formats/record.md, "Hashes").
#pragma once

#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/recorded_hashes.h"
#include "robomerge/status.h"

namespace robomerge {

struct RecordedHashes {
  bool are_there = false;
  std::vector<RecordedHash> files;  ///< of paths inside the dataset, each once
  /// What is not understood: of the record (E-record), or of one hash (E-hash).
  std::vector<Problem> problems;
};

/// Fails only if the system refuses to read the record.
Result<RecordedHashes> ReadRecordedHashes(const io::FileSystem& file_system,
                                          const std::string& root);

}  // namespace robomerge
