// What a rule is called.
#pragma once

#include <string>

#include "robomerge/status.h"

namespace robomerge {

/// `where` of a problem about the rule `key` for `name`, which shortens a long name.
inline std::string WhereOf(const std::string& key, const std::string& name) {
  return Problem(Code::kInternal, "").At(key + ": " + name).where;
}

}  // namespace robomerge
