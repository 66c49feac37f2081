#include "read/read_source.h"

#include <map>

#include "base/text.h"
#include "formats/parquet/cells.h"
#include "model/retime.h"
#include "read/read.h"

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

ReadOptions OptionsOf(const io::FileSystem& file_system, const SourceSpec& source) {
  return {.decodes_times = source.adaptation.retime,
          .rules = &source.adaptation,
          .read_last_rows = LastRowsOn(file_system),
          .missing_files = nullptr};
}

}  // namespace

Result<Dataset> ReadSource(const io::FileSystem& file_system, const SourceSpec& source) {
  const Adaptation& rules = source.adaptation;
  ROBOMERGE_ASSIGN_OR_RETURN(
      Dataset dataset, ReadDataset(file_system, source.location, OptionsOf(file_system, source)));
  if (rules.empty()) return dataset;
  const Status adapted = Adapt(rules, source.name, LastRowsOn(file_system), dataset);
  ROBOMERGE_RETURN_NOT_OK(adapted.OfSource(source.location));
  if (rules.retime) ROBOMERGE_RETURN_NOT_OK(Retime(dataset));
  return dataset;
}

Result<std::vector<std::string>> ReadMissingFiles(const io::FileSystem& file_system,
                                                  const SourceSpec& source) {
  std::vector<std::string> missing;
  ReadOptions options = OptionsOf(file_system, source);
  options.missing_files = &missing;
  ROBOMERGE_RETURN_NOT_OK(ReadDataset(file_system, source.location, options).status());
  return missing;
}

Result<std::vector<EpisodeChoice>> ReadChoices(const io::FileSystem& file_system,
                                               const SourceSpec& source) {
  ROBOMERGE_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(file_system, source.location,
                                                                OptionsOf(file_system, source)));
  Result<std::vector<EpisodeChoice>> choices =
      ChooseEpisodes(dataset, source.adaptation, LastRowsOn(file_system));
  if (!choices.ok()) return choices.status().OfSource(source.location);
  return choices;
}

}  // namespace robomerge
