// The hashes of files in meta/robomerge.json: docs/formats/record.md, "Hashes".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/step.h"

namespace robomerge {

/// The field of the record: a list of lines as `sha256sum` writes and checks them.
inline constexpr const char* kHashesField = "sha256";

/// Whether a record that holds hashes has that of this file; `path` is relative to the dataset. It
/// has not its own, and none of what people and the Hub write into a dataset that is done.
constexpr bool HasRecordedHash(std::string_view path) {
  return path != RecordStep::kPath && path != "README.md" && path != ".gitattributes";
}

struct RecordedHash {
  std::string path;  ///< relative to the dataset
  std::string sha256;
};

/// As `sha256sum` writes it: a line begins with a backslash if backslashes and line ends in the
/// path are escaped, so that every line stays one.
std::string HashLine(std::string_view hash, std::string_view path);

/// Its parts, whatever they are; nothing if it is no such line. `num_digits`: of a hash.
std::optional<RecordedHash> SplitHashLine(std::string_view line, size_t num_digits);

}  // namespace robomerge
