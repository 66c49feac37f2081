// Pictures as Arrow arrays.
#pragma once

#include <arrow/chunked_array.h>

#include <memory>
#include <string>

#include "formats/parquet/pictures.h"

namespace robomerge::parquet {

/// `cells`, groups of `bytes` and `path`, with the bytes of their files where they have none. What
/// is left of such a path is its last component, as LeRobot embeds pictures.
Result<std::shared_ptr<arrow::ChunkedArray>> EmbedPictures(
    const std::shared_ptr<arrow::ChunkedArray>& cells, const PictureReader& read,
    const std::string& where);

}  // namespace robomerge::parquet
