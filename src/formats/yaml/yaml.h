// YAML text as a tree of texts, each with its line. What a text means, its reader decides.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "robomerge/status.h"

namespace robomerge::yaml {

/// A text, a list or a mapping.
struct Node {
  enum class Kind { kText, kList, kMapping };

  Kind kind = Kind::kText;
  uint64_t line = 1;  ///< where it begins, counted from 1
  std::string text;   ///< of a text
  bool is_plain =
      false;  ///< a text without quotes, which YAML may take for a number, a bool or null
  std::vector<Node> keys;    ///< of a mapping: texts, each once
  std::vector<Node> values;  ///< of a list, or of a mapping in the order of the keys
};

/// Parses one document, as YAML or JSON, without what a file of settings needs not: anchors,
/// aliases, tags, keys that are no texts and keys that occur twice are kInvalidArgument, each where
/// it stands, all at once. So is a second document, and an empty one. Depth is bounded at 64.
/// `kind` is the kind of all problems; their `where` is "PATH: line N".
Result<Node> Parse(std::string_view text, const std::string& path, const std::string& kind);

/// `line` of `path`, as `where` of a problem says it.
std::string Place(const std::string& path, uint64_t line);

}  // namespace robomerge::yaml
