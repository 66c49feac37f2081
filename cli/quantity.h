// Numbers with units, for people. The command may include public headers only, so it does not use
// those of base/text.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace robomerge::cli {

/// "1,234,567".
std::string Separated(uint64_t number);

/// "1 dataset", "1,200 datasets".
std::string Counted(uint64_t number, std::string_view singular);

/// "812 B", "4.50 kB", "272.3 MB": powers of 1000.
std::string BytesText(uint64_t bytes);

/// "0.12 s", "12.3 s", "4 min 05 s", "2 h 03 min".
std::string SecondsText(double seconds);

/// A percentage without decimals; at most 99 until everything is done.
std::string PercentText(uint64_t part, uint64_t whole);

}  // namespace robomerge::cli
