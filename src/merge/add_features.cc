#include "merge/add_features.h"

#include <vector>

#include "read/added_features.h"

namespace robomerge {

Status AddFeatures(const io::FileSystem& file_system, const EditOptions& edit, SourceSpec& source) {
  if (edit.add.empty()) return Status();
  if (source.adaptation.selects()) {
    return Problem(Code::kInvalidArgument,
                   "a feature is not added while episodes or frames are left out")
        .Kind("E-options")
        .Hint("add it first, in an edit of its own: a value belongs to each frame of the dataset");
  }
  std::vector<FeatureFile> files;
  for (const AddedFeature& added : edit.add)
    files.push_back({added.name, added.path, added.names, added.entry});
  return TakeFeatures(file_system, files, source);
}

}  // namespace robomerge
