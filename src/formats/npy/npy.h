// The header of a .npy file: what numpy.save writes before the numbers of an array.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "robomerge/status.h"

namespace robomerge::npy {

/// An array whose numbers lie in the file from `data_begin` to its end: in C order, little-endian.
struct Array {
  std::string dtype;  ///< "bool", "int8" to "int64", "uint8" to "uint64", "float32", "float64"
  uint64_t item_bytes = 0;
  std::vector<uint64_t> shape;  ///< not empty
  uint64_t num_items = 0;       ///< the product of `shape`
  uint64_t data_begin = 0;
};

/// Reads the header of a file of these bytes. kCorrupt if it is none, or has more or fewer bytes
/// than its shape asks for; kUnsupported for a single value, Fortran order, big-endian, float16 and
/// types that are no numbers. `path` is for messages.
Result<Array> ReadHeader(std::string_view file, const std::string& path);

}  // namespace robomerge::npy
