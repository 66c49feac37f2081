#pragma once

#include <string>
#include <string_view>

namespace robomerge {

/// Tasks with equal forms differ only in case, blanks or a final full stop: `normalize_tasks` makes
/// one of them.
std::string TaskForm(std::string_view task);

}  // namespace robomerge
