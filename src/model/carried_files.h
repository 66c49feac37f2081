// Which small files that are not of the format go along in a merge (docs/carried-files.md).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/dataset.h"

namespace robomerge {

struct CarriedFiles {
  std::vector<OtherFile> files;  ///< as they are in the first source; by path
  /// modality.json of the result; nothing if there is none.
  std::optional<Modality> modality;
  std::vector<std::pair<std::string, std::string>> left_out;  ///< (path, why), by path
};

/// `is_whole`: the result has the rows of one source, and all of them as they are.
CarriedFiles FilesToCarry(const std::vector<const Dataset*>& sources, bool is_whole);

/// Whether two texts of modality.json say the same: key order and blanks aside.
bool SaySame(const std::string& left, const std::string& right);

}  // namespace robomerge
