// meta/stats.json, read as a dataset's and aggregated with itself.
#include "fuzz/check.h"
#include "model/aggregate_statistics.h"
#include "read/v30/read_v30.h"
#include "testing/guarded_file_system.h"
#include "testing/memory_file_system.h"

namespace robomerge {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  io::MemoryFileSystem memory;
  FUZZ_CHECK(memory.Put("/in/meta/stats.json", std::string(fuzz::Text(data, size))).ok(), "put");
  const io::GuardedFileSystem files(memory, {"/in"});
  Dataset dataset;
  dataset.root = "/in";
  if (!fuzz::Fine(v30::ReadStatistics(files, dataset)) || !dataset.statistics) return 0;
  for (const FeatureStatistics& feature : *dataset.statistics) {
    for (const Statistic& statistic : feature.statistics) {
      uint64_t num_values = 1;
      for (const uint32_t extent : statistic.shape) num_values *= extent;
      FUZZ_CHECK(num_values == statistic.values.size(), feature.feature + "." + statistic.name);
    }
  }
  std::erase_if(*dataset.statistics, [](const FeatureStatistics& feature) {
    return !fuzz::Fine(CheckStatistics(feature, "stats.json"));
  });
  std::vector<DroppedQuantiles> dropped;
  const StatisticsPart part{&*dataset.statistics, "/in"};
  const Result<std::vector<FeatureStatistics>> whole = AggregateStatistics({part, part}, &dropped);
  FUZZ_CHECK(fuzz::Fine(whole) && dropped.empty(), whole.status().ToString());
  FUZZ_CHECK(whole->size() == dataset.statistics->size(), "features are missing");
  return 0;
}

}  // namespace robomerge
