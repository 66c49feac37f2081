// Columns of pictures whose cells name a file instead of holding its bytes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "formats/parquet/footer.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// Reads the picture that the path of a cell leads to.
using PictureReader = std::function<Result<std::string>(const std::string& path)>;

/// How the cells without bytes of one source become pictures.
struct PicturesByPath {
  std::vector<std::string> columns;  ///< as ColumnsWithoutBytes() names them
  PictureReader read;
};

/// Those of `columns` in which a cell may have no bytes: as the counts of nulls in the footer say,
/// or because the column holds paths only.
std::vector<std::string> ColumnsWithoutBytes(const Footer& footer,
                                             const std::vector<std::string>& columns);

/// The paths of the cells of a column that have a path and no bytes, in the order of rows.
Result<std::vector<std::string>> PathsOfPictures(const io::RandomAccessFile& file,
                                                 const Footer& footer, const std::string& column);

/// The bytes of the picture in a cell; empty if it has none.
Result<std::string> ReadPicture(const io::RandomAccessFile& file, const Footer& footer,
                                const std::string& column, uint64_t row);

}  // namespace robomerge::parquet
