#include "read/v20/read_statistics.h"

#include "base/text.h"

namespace robomerge::v20 {

void CompleteStatistics(Dataset& dataset) {
  if (!dataset.statistics) return;
  std::vector<std::string> cameras;
  for (FeatureStatistics& one : *dataset.statistics) {
    const Feature* feature = dataset.schema.Find(one.feature);
    if (feature == nullptr || !feature->is_camera() || one.Find("count") != nullptr) continue;
    one.statistics.push_back(
        {"count", NumberKind::kInteger, {1}, {static_cast<double>(dataset.num_frames())}});
    cameras.push_back(one.feature);
  }
  if (cameras.empty()) return;
  dataset.warnings.push_back(
      Problem(Code::kCorrupt,
              StrCat("stats.json does not say of how many frames the statistics of cameras are; "
                     "they are taken to be of all: ",
                     Join(cameras, ", ").substr(0, 200)))
          .Kind("W-stats-count")
          .At(dataset.root + "/meta/stats.json")
          .Expected("count")
          .Found("none, as in version 2.0"));
}

}  // namespace robomerge::v20
