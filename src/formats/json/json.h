// JSON as LeRobot writes and reads it: Python's json module, which also knows NaN, Infinity and
// -Infinity.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "robomerge/status.h"

namespace robomerge::json {

/// Key order is kept: a file written again shows its keys where they were.
using Json = nlohmann::ordered_json;

/// The mark that some editors put before a text. UTF-8 needs none, and Python's json refuses it.
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Parses one document as Python's json.loads does; a byte order mark before it is passed over.
/// Bare NaN, Infinity and -Infinity become the numbers they name; if a key occurs twice, the last
/// value counts, at the place of the first. Depth is bounded at 200. kCorrupt names `path`, line,
/// column and the byte that was not understood, also where the text is not UTF-8; E-lfs-pointer and
/// E-foreign-file where another kind of file is in its place; kUnsupported for an integer that does
/// not fit 64 bits: Python would keep it exactly, a double would not.
Result<Json> Parse(std::string_view text, const std::string& path);

/// Writes `value` as Python's json.dump(value, indent=4, ensure_ascii=False) does: one list element
/// per line, floats by their shortest repr, no trailing newline. Non-finite numbers come out bare.
std::string Dump(const Json& value);

/// One line, for messages and --json output: separators ", " and ": ".
std::string DumpLine(const Json& value);

/// The same value with the keys of every object in order.
Json SortedByKey(const Json& value);

}  // namespace robomerge::json
