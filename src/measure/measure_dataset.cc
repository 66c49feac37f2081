#include "measure/measure_dataset.h"

#include <algorithm>

#include "measure/measure_rows.h"

namespace robomerge::measure {
namespace {

// [data file]. Of an episode that lies in several files, the parts count as rows, and no part is
// held against what is stated of the whole.
std::vector<std::vector<EpisodeToMeasure>> PlaceEpisodes(const Dataset& dataset) {
  std::vector<std::vector<EpisodeToMeasure>> episodes(dataset.data_files.size());
  for (size_t number = 0; number < episodes.size(); ++number) {
    for (const EpisodeRows& one : dataset.data_files[number].episodes) {
      if (one.episode_index < 0) continue;
      const auto episode = static_cast<uint64_t>(one.episode_index);
      EpisodeToMeasure& whole =
          episodes[number].emplace_back(EpisodeToMeasure{episode, one.first_row, one.num_rows, {}});
      if (one.more.empty()) whole.stated = StatisticsOfEpisode(dataset, episode);
      for (const RowsElsewhere& part : one.more)
        episodes[part.data_file].push_back({episode, part.first_row, part.num_rows, {}});
    }
  }
  for (std::vector<EpisodeToMeasure>& of_file : episodes)
    std::ranges::sort(of_file, {}, &EpisodeToMeasure::first_row);
  return episodes;
}

}  // namespace

Result<DatasetMeasures> MeasureDataset(io::FileSystem& file_system, const Dataset& dataset,
                                       const std::string& scratch,
                                       const MeasureDatasetOptions& options) {
  StatColumns columns;
  for (const EpisodeStatisticsBlock& block : dataset.episode_statistics)
    columns.insert(columns.end(), block.layout->begin(), block.layout->end());
  const std::vector<FeatureToMeasure> features = FeaturesToMeasure(dataset.schema, columns);
  std::vector<std::vector<EpisodeToMeasure>> episodes = PlaceEpisodes(dataset);
  const MeasureFileCall measure = [&](size_t number, io::OutputFile& out, Summary& summary) {
    const std::string& path = dataset.data_files[number].path;
    const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(path);
    ROBOMERGE_RETURN_NOT_OK(file.status());
    RowsToMeasure rows;
    rows.file = file->get();
    rows.features = features;
    rows.buffer_bytes = options.buffer_bytes;
    rows.episodes = std::move(episodes[number]);
    return MeasureRows(rows, out, summary);
  };
  return MeasureFiles(file_system, dataset, scratch, options, dataset.num_frames(), measure);
}

}  // namespace robomerge::measure
