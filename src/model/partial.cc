#include "model/partial.h"

#include <algorithm>
#include <set>

#include "base/fingerprint.h"
#include "model/source_statistics.h"

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

Partial LeafOf(std::shared_ptr<const DescribedSource> source, std::vector<Problem> warnings) {
  const std::shared_ptr<const Dataset>& dataset = source->dataset;
  Partial leaf;
  SchemaClass schema;
  schema.schema = std::shared_ptr<const Schema>(dataset, &dataset->schema);
  schema.fingerprint = dataset->schema.Fingerprint();
  schema.first_root = dataset->root;
  schema.num_sources = 1;
  leaf.schemas.push_back(std::move(schema));
  for (size_t task = 0; task < dataset->tasks.size(); ++task) {
    if (dataset->IsTaskUsed(task)) leaf.tasks.Add(dataset->tasks[task]);
  }
  for (size_t subtask = 0; subtask < dataset->subtasks.size(); ++subtask) {
    if (dataset->IsSubtaskUsed(subtask)) leaf.subtasks.Add(dataset->subtasks[subtask]);
  }
  leaf.num_given = 1;
  leaf.num_episodes = dataset->episodes.size();
  leaf.num_frames = dataset->num_frames();
  leaf.payload_bytes = source->payload_bytes;
  leaf.warnings = Rope<Problem>(std::move(warnings));
  leaf.sources = Rope<std::shared_ptr<const DescribedSource>>({std::move(source)});
  return leaf;
}

std::vector<uint64_t> PositionsOf(const Partial& partial) {
  std::vector<uint64_t> positions;
  auto skipped = partial.skipped.begin();
  for (uint64_t position = 0; positions.size() < partial.sources.size(); ++position) {
    while (skipped != partial.skipped.end() && skipped->position < position) ++skipped;
    const bool is_out =
        skipped != partial.skipped.end() && skipped->position == position && skipped->is_whole();
    if (!is_out) positions.push_back(position);
  }
  return positions;
}

namespace {

void AddStatistics(const std::vector<FeatureStatistics>& statistics, Fingerprint& all) {
  for (const FeatureStatistics& feature : statistics) {
    all.Add(feature.feature);
    for (const Statistic& statistic : feature.statistics) {
      all.Add(statistic.name);
      all.Add(uint64_t{static_cast<uint64_t>(statistic.kind)});
      for (const uint32_t extent : statistic.shape) all.Add(uint64_t{extent});
      for (const double value : statistic.values) all.Add(value);
    }
  }
}

// Nothing of a source that has nothing of it.
void AddCarried(const Dataset& dataset, Fingerprint& all) {
  for (const std::string& subtask : dataset.subtasks) all.Add("subtask"), all.Add(subtask);
  for (const TextColumn& column : dataset.text_columns) all.Add("texts"), all.Add(column.name);
  for (const OtherFile& file : dataset.other_files) {
    all.Add("file"), all.Add(file.path), all.Add(file.size_bytes), all.Add(file.fingerprint);
    all.Add(file.left_out);
  }
  if (dataset.modality) all.Add("modality"), all.Add(dataset.modality->text);
}

// What the source itself says, though the result may take nothing of it.
void AddOwnStatistics(const Dataset& dataset, Fingerprint& all) {
  if (dataset.statistics && !dataset.statistics->empty())
    return AddStatistics(*dataset.statistics, all);
  std::set<std::string> features;
  for (const Feature& feature : dataset.schema.features) features.insert(feature.name);
  AddStatistics(AggregateEpisodes(dataset, features), all);
}

}  // namespace

uint64_t MetadataFingerprint(const DescribedSource& source) {
  const Dataset& dataset = *source.dataset;
  Fingerprint all;
  all.Add(dataset.schema.Fingerprint());
  all.Add(uint64_t{dataset.tasks.size()});
  for (const std::string& task : dataset.tasks) all.Add(task);
  AddCarried(dataset, all);
  AddStatistics(*source.statistics, all);
  const bool is_as_written =
      dataset.statistics.has_value() && source.statistics.get() == &*dataset.statistics;
  if (!is_as_written) AddOwnStatistics(dataset, all);
  return all.value();
}

}  // namespace robomerge
