// What a file is that is not what its name says: told by its first bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "robomerge/status.h"

namespace robomerge {

/// How many first bytes ForeignFile looks at.
inline constexpr size_t kForeignHeadBytes = 512;

/// What stands in the place of a file, with the command that mends it: a Git LFS pointer
/// (E-lfs-pointer); a web page, a compressed file, another container or format, zeros, nothing
/// (E-foreign-file). Nothing if `head` is of none of these. `head` is the whole file, or at least
/// its first kForeignHeadBytes; `expected` says what should be there: "a Parquet file".
std::optional<Problem> ForeignFile(std::string_view head, const std::string& path,
                                   const std::string& expected);

/// `path` as one word of a shell, without control characters.
std::string ShellWord(const std::string& path);

}  // namespace robomerge
