// Single values of a column, exactly as they are stored.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "formats/parquet/footer.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// Nothing for a null.
using Cell = std::variant<std::monostate, bool, int64_t, uint64_t, float, double, std::string>;

/// The column's values in these rows of the file, which ascend. kCorrupt for a column that is
/// missing, cannot be decoded, or holds anything but numbers, truth values or texts.
Result<std::vector<Cell>> ReadCells(const io::RandomAccessFile& file, const Footer& footer,
                                    const std::string& column, const std::vector<uint64_t>& rows);

}  // namespace robomerge::parquet
