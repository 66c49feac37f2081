// What is known of each source that is compared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/feature.h"

namespace robomerge {

/// The smallest and largest value of each element of a feature, as stats.json says.
struct FeatureRange {
  std::vector<double> least, most;
};

/// What the first video of a camera is, as the file says.
struct StreamFacts {
  std::string codec;
  std::string pixel_format;  ///< may be empty: not known
  uint32_t width = 0, height = 0;
};

struct SourceFacts {
  std::string root;
  std::string version;
  std::shared_ptr<const Schema> schema;  ///< equal schemas may be shared
  std::vector<std::string> tasks;
  std::map<std::string, FeatureRange> ranges;  ///< by feature
  std::map<std::string, StreamFacts> streams;  ///< by camera
  uint64_t num_sources = 1;  ///< as many sources have these facts; `root` is the first
};

}  // namespace robomerge
