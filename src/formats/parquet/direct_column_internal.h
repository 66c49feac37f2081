// Columns of table.h read without Arrow, where page_decoder_internal.h can decode them. If nothing
// is returned, Arrow must read the column and report what is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/parquet/footer_internal.h"
#include "formats/parquet/table.h"

namespace robomerge::parquet {

std::optional<std::vector<int64_t>> DirectInt64s(const Footer::Representation& footer,
                                                 std::string_view file, const std::string& column);
std::optional<std::vector<double>> DirectDoubles(const Footer::Representation& footer,
                                                 std::string_view file, const std::string& column);
std::optional<std::vector<std::string>> DirectStrings(const Footer::Representation& footer,
                                                      std::string_view file,
                                                      const std::string& column);
std::optional<std::vector<std::vector<std::string>>> DirectStringLists(
    const Footer::Representation& footer, std::string_view file, const std::string& column);
std::optional<NumberLists> DirectNumbers(const Footer::Representation& footer,
                                         std::string_view file, const std::string& column);

}  // namespace robomerge::parquet
