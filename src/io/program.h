// Runs another program, for what robomerge does not do itself.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "robomerge/status.h"

namespace robomerge::io {

struct ProgramLimits {
  double seconds = 20;                             ///< after which it is killed
  uint64_t most_output_bytes = uint64_t{4} << 20;  ///< likewise
  const std::atomic<bool>* stop = nullptr;         ///< ends it when it is set
};

/// Runs `words[0]`, which is looked for on the path, with `input` at its standard input, and
/// returns what it writes to its standard output. What it writes to standard error is lost.
/// kNotFound if there is no such program; kCancelled on `stop`; kIo if it takes too long, writes
/// too much, or does not exit with 0.
Result<std::string> RunPosixProgram(const std::vector<std::string>& words, std::string_view input,
                                    const ProgramLimits& limits);

}  // namespace robomerge::io
