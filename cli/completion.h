// What makes a shell complete the command line, made from the table of flags.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace robomerge::cli {

/// The shells that `robomerge completion` knows.
std::span<const std::string_view> CompletedShells();

/// The script for one of them.
std::string CompletionScript(std::string_view shell);

}  // namespace robomerge::cli
