// Which version of the format a dataset has: what its files are decides, and not the label alone.
#pragma once

#include <string>
#include <vector>

#include "formats/json/json.h"
#include "io/file_system.h"
#include "model/dataset.h"
#include "robomerge/status.h"

namespace robomerge {

enum class FormatVersion { kV20, kV21, kV30 };

/// "v2.1"
std::string NameOf(FormatVersion version);

/// meta/info.json, and which version its dataset has.
struct VersionedInfo {
  json::Json info;
  FormatVersion version = FormatVersion::kV30;
  /// codebase_version, if it is of the same version; else the name of the version.
  std::string label;
  MetadataFile file;
  std::vector<Problem> warnings;
};

/// kNotFound (E-no-dataset): no dataset there. kUnsupported (E-version): a version that is not
/// read. kCorrupt (E-version): no LeRobot dataset, or none that can be told from its files.
Result<VersionedInfo> ReadVersionedInfo(const io::FileSystem& file_system, const std::string& root);

/// Says what is at `root` instead of a dataset, and what may be meant.
Problem NoDataset(const io::FileSystem& file_system, const std::string& root);

}  // namespace robomerge
