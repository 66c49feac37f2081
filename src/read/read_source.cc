#include "read/read_source.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "formats/parquet/cells.h"
#include "formats/parquet/file_splice.h"
#include "measure/measure.h"
#include "read/added_features.h"
#include "read/read.h"
#include "read/version.h"

namespace robomerge {
namespace {

// Fills in the values of the column in the last rows of the episodes that lie in this file.
Status ReadInFile(const io::FileSystem& file_system, const DataFile& data,
                  const std::string& column, const std::map<uint64_t, uint64_t>& last_rows,
                  std::vector<CellValue>& cells) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system.OpenForReading(data.path));
  ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
  std::vector<uint64_t> rows;
  for (const auto& [row, episode] : last_rows) rows.push_back(row);
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<parquet::Cell> read,
                             parquet::ReadCells(*file, footer, column, rows));
  auto cell = read.begin();
  for (const auto& [row, episode] : last_rows) cells[episode] = std::move(*cell++);
  return Status();
}

ReadLastRows LastRowsOn(const io::FileSystem& file_system) {
  return [&file_system](const Dataset& dataset,
                        const std::string& column) -> Result<std::vector<CellValue>> {
    std::vector<CellValue> cells(dataset.episodes.size());
    std::map<uint32_t, std::map<uint64_t, uint64_t>> last_rows;  // [file]: row -> episode
    for (uint32_t file = 0; file < dataset.data_files.size(); ++file) {
      for (const EpisodeRows& rows : dataset.data_files[file].episodes) {
        const auto episode = static_cast<uint64_t>(rows.episode_index);
        if (rows.episode_index < 0 || episode >= cells.size() ||
            dataset.episodes[episode].data_file != file)
          continue;
        const RowsElsewhere last = rows.more.empty()
                                       ? RowsElsewhere{file, rows.first_row, rows.num_rows}
                                       : rows.more.back();
        last_rows[last.data_file][last.first_row + last.num_rows - 1] = episode;
      }
    }
    for (const auto& [file, rows] : last_rows)
      ROBOMERGE_RETURN_NOT_OK(
          ReadInFile(file_system, dataset.data_files[file], column, rows, cells));
    return cells;
  };
}

// What is in none of these ranges, which are sorted.
std::vector<EpisodeRange> Between(const std::vector<EpisodeRange>& ranges) {
  std::vector<EpisodeRange> others;
  uint64_t next = 0;
  for (const EpisodeRange& range : ranges) {
    if (range.first > next) others.push_back({next, range.first - 1});
    if (!range.last) return others;
    next = *range.last + 1;
  }
  others.push_back({next, {}});
  return others;
}

Result<ReadOptions> OptionsFor(const io::FileSystem& file_system, const Adaptation& rules,
                               const ForEach& for_each) {
  ReadOptions options;
  options.rules = &rules;
  options.read_last_rows = LastRowsOn(file_system);
  options.decodes_times = rules.retime;
  options.for_each = for_each;
  if (!rules.left_out.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(options.left_out, ParseEpisodes(rules.left_out));
  }
  // Patterns are of the new names.
  if (rules.rename.empty()) options.dropped_cameras = rules.drop;
  return options;
}

// Where the rows of the episodes lie, in the order of `episodes`.
std::vector<std::vector<RowsElsewhere>> PlacesOf(const Dataset& dataset,
                                                 const std::vector<size_t>& episodes) {
  std::map<size_t, size_t> number;
  for (size_t at = 0; at < episodes.size(); ++at) number[episodes[at]] = at;
  std::vector<std::vector<RowsElsewhere>> places(episodes.size());
  for (uint32_t file = 0; file < dataset.data_files.size(); ++file) {
    for (const EpisodeRows& rows : dataset.data_files[file].episodes) {
      const auto entry = number.find(static_cast<size_t>(rows.episode_index));
      if (entry == number.end() || dataset.episodes[entry->first].data_file != file) continue;
      std::vector<RowsElsewhere>& parts = places[entry->second];
      parts = {{file, rows.first_row, rows.num_rows}};
      parts.insert(parts.end(), rows.more.begin(), rows.more.end());
    }
  }
  return places;
}

Result<std::vector<NumberFrames>> CountNumbers(const io::FileSystem& file_system,
                                               const Dataset& dataset, const std::string& name,
                                               const std::vector<size_t>& episodes) {
  std::map<uint32_t, std::vector<int64_t>> columns;  // by data file
  std::vector<NumberFrames> counted;
  for (const std::vector<RowsElsewhere>& parts : PlacesOf(dataset, episodes)) {
    std::map<int64_t, uint64_t> frames;
    for (const RowsElsewhere& part : parts) {
      const auto [column, is_new] = columns.try_emplace(part.data_file);
      if (is_new) {
        ROBOMERGE_ASSIGN_OR_RETURN(
            const std::unique_ptr<io::RandomAccessFile> file,
            file_system.OpenForReading(dataset.data_files[part.data_file].path));
        ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
        ROBOMERGE_ASSIGN_OR_RETURN(column->second, parquet::ReadInt64Column(*file, footer, name));
      }
      const uint64_t end =
          std::min<uint64_t>(part.first_row + part.num_rows, column->second.size());
      for (uint64_t row = part.first_row; row < end; ++row) ++frames[column->second[row]];
    }
    counted.emplace_back(frames.begin(), frames.end());
  }
  return counted;
}

RowFacts FactsOn(const io::FileSystem& file_system, const SourceSpec& source) {
  RowFacts facts;
  facts.added = source.added.get();
  facts.last_rows = LastRowsOn(file_system);
  facts.count_numbers = [&file_system](const Dataset& dataset, const std::string& column,
                                       const std::vector<size_t>& episodes) {
    return CountNumbers(file_system, dataset, column, episodes);
  };
  facts.measure = [&file_system](const Dataset& dataset, const std::vector<size_t>& episodes,
                                 const std::vector<std::string>& features) {
    return MeasureRows(file_system, dataset, PlacesOf(dataset, episodes), features);
  };
  return facts;
}

}  // namespace

namespace {

// Whoever leaves episodes out by their numbers need not have all of them.
Result<Dataset> ReadWhatIsChosen(const io::FileSystem& file_system, const SourceSpec& source,
                                 ReadOptions options) {
  Result<Dataset> whole = ReadDataset(file_system, source.location, options);
  if (whole.ok()) return whole;
  const Status status = whole.status();
  const Adaptation& rules = source.adaptation;
  const bool excludes = !rules.exclude_episodes.empty() || !rules.episodes.empty();
  if (!excludes || status.code() == Code::kIo || status.code() == Code::kCancelled) return status;
  ROBOMERGE_ASSIGN_OR_RETURN(const VersionedInfo info,
                             ReadVersionedInfo(file_system, source.location));
  // In v2.1 an episode is a file, and what is left out is in no table.
  if (info.version != FormatVersion::kV30) return status;
  if (!rules.exclude_episodes.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<EpisodeRange> excluded,
                               ParseEpisodes(rules.exclude_episodes));
    options.left_out.insert(options.left_out.end(), excluded.begin(), excluded.end());
  }
  if (!rules.episodes.empty()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<EpisodeRange> chosen,
                               ParseEpisodes(rules.episodes));
    const std::vector<EpisodeRange> others = Between(chosen);
    options.left_out.insert(options.left_out.end(), others.begin(), others.end());
  }
  return ReadDataset(file_system, source.location, options);
}

}  // namespace

Result<Dataset> ReadSource(const io::FileSystem& file_system, const SourceSpec& source,
                           const ForEach& for_each) {
  const Adaptation& rules = source.adaptation;
  Dataset dataset;
  if (source.read != nullptr && rules.left_out.empty()) {
    dataset = *source.read;
  } else {
    ROBOMERGE_ASSIGN_OR_RETURN(const ReadOptions options, OptionsFor(file_system, rules, for_each));
    ROBOMERGE_ASSIGN_OR_RETURN(dataset, ReadWhatIsChosen(file_system, source, options));
  }
  if (rules.empty()) return dataset;
  if (source.added != nullptr) {
    ROBOMERGE_RETURN_NOT_OK(CheckAddedRows(*source.added, dataset).OfSource(source.location));
  }
  const Status adapted = Adapt(rules, source.name, FactsOn(file_system, source), dataset);
  ROBOMERGE_RETURN_NOT_OK(adapted.OfSource(source.location));
  return dataset;
}

Status ReadMissingFiles(const io::FileSystem& file_system, const SourceSpec& source,
                        const ForEach& for_each, std::vector<std::string>& missing) {
  ROBOMERGE_ASSIGN_OR_RETURN(ReadOptions options,
                             OptionsFor(file_system, source.adaptation, for_each));
  options.missing_files = &missing;
  return ReadDataset(file_system, source.location, options).status();
}

Result<std::vector<EpisodeChoice>> ReadChoices(const io::FileSystem& file_system,
                                               const SourceSpec& source, const ForEach& for_each) {
  ROBOMERGE_ASSIGN_OR_RETURN(const ReadOptions options,
                             OptionsFor(file_system, source.adaptation, for_each));
  ROBOMERGE_ASSIGN_OR_RETURN(const Dataset dataset, ReadWhatIsChosen(file_system, source, options));
  Result<std::vector<EpisodeChoice>> choices =
      ChooseEpisodes(dataset, source.adaptation, LastRowsOn(file_system));
  if (!choices.ok()) return choices.status().OfSource(source.location);
  return choices;
}

}  // namespace robomerge
