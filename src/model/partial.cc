#include "model/partial.h"

#include <algorithm>

#include "base/fingerprint.h"

namespace robomerge {

uint32_t TaskTable::Add(const std::string& task) {
  const auto [entry, is_new] = index.try_emplace(task, static_cast<uint32_t>(tasks.size()));
  if (is_new) tasks.push_back(task);
  return entry->second;
}

uint64_t NumPictures(const DescribedSource& source, const Dataset& dataset, size_t episode) {
  const EpisodeRows* rows = source.data_places[episode].rows;
  const int64_t first_picture = rows != nullptr && rows->odd ? rows->odd->first_picture() : 0;
  return static_cast<uint64_t>(std::max<int64_t>(first_picture, 0)) +
         dataset.episodes[episode].length_frames;
}

uint64_t MetadataFingerprint(const DescribedSource& source) {
  const Dataset& dataset = *source.dataset;
  Fingerprint all;
  all.Add(dataset.schema.Fingerprint());
  all.Add(uint64_t{dataset.tasks.size()});
  for (const std::string& task : dataset.tasks) all.Add(task);
  for (const FeatureStatistics& feature : *source.statistics) {
    all.Add(feature.feature);
    for (const Statistic& statistic : feature.statistics) {
      all.Add(statistic.name);
      all.Add(uint64_t{static_cast<uint64_t>(statistic.kind)});
      for (const uint32_t extent : statistic.shape) all.Add(uint64_t{extent});
      for (const double value : statistic.values) all.Add(value);
    }
  }
  return all.value();
}

}  // namespace robomerge
