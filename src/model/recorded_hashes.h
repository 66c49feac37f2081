// The hashes of files in meta/robomerge.json: docs/formats/record.md, "Hashes".
#pragma once

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

inline constexpr std::string_view kHashSeparator = "  ";

inline std::string HashLine(std::string_view hash, std::string_view path) {
  return std::string(hash).append(kHashSeparator).append(path);
}

}  // namespace robomerge
