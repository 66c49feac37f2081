#include "persist/carried_tables.h"

#include <map>

#include "base/path.h"

namespace robomerge::persist {
namespace {

constexpr const char* kField = "has_carried";

void AddSource(int64_t number, const DescribedSource& source, CarriedTables& tables) {
  const Dataset& dataset = *source.dataset;
  for (size_t subtask = 0; subtask < dataset.subtasks.size(); ++subtask) {
    tables.subtasks.source.push_back(number);
    tables.subtasks.subtask.push_back(dataset.subtasks[subtask]);
    tables.subtasks.is_used.push_back(dataset.IsSubtaskUsed(subtask));
  }
  for (size_t column = 0; column < dataset.text_columns.size(); ++column) {
    tables.text_columns.source.push_back(number);
    tables.text_columns.name.push_back(dataset.text_columns[column].name);
    tables.text_columns.is_of_subtasks.push_back(dataset.text_columns[column].is_of_subtasks);
    for (size_t episode = 0; episode < source.data_places.size(); ++episode) {
      const EpisodeRows& rows = *source.data_places[episode].rows;
      if (column >= rows.text_frames.size()) continue;
      tables.text_frames.source.push_back(number);
      tables.text_frames.column.push_back(static_cast<int64_t>(column));
      tables.text_frames.episode.push_back(static_cast<int64_t>(episode));
      std::vector<int64_t>& numbers = tables.text_frames.numbers.emplace_back();
      std::vector<int64_t>& frames = tables.text_frames.frames.emplace_back();
      for (const auto& [text, num_frames] : rows.text_frames[column]) {
        numbers.push_back(text);
        frames.push_back(static_cast<int64_t>(num_frames));
      }
    }
  }
  for (const OtherFile& file : dataset.other_files) {
    tables.other_files.source.push_back(number);
    tables.other_files.path.push_back(file.path);
    tables.other_files.size_bytes.push_back(static_cast<int64_t>(file.size_bytes));
    tables.other_files.fingerprint.push_back(static_cast<int64_t>(file.fingerprint));
    tables.other_files.left_out.push_back(file.left_out);
  }
  if (dataset.modality) {
    tables.modalities.source.push_back(number);
    tables.modalities.text.push_back(dataset.modality->text);
    tables.modalities.is_changed.push_back(dataset.modality->is_changed);
  }
}

class CarriedLoading {
 public:
  CarriedLoading(const TableFolder& folder, CarriedTables tables,
                 const std::vector<std::shared_ptr<Dataset>>& datasets)
      : folder_(folder), tables_(std::move(tables)), datasets_(datasets) {}

  Status Run() {
    ROBOMERGE_RETURN_NOT_OK(LoadSubtasks());
    ROBOMERGE_RETURN_NOT_OK(LoadTextColumns());
    ROBOMERGE_RETURN_NOT_OK(LoadTextFrames());
    ROBOMERGE_RETURN_NOT_OK(LoadOtherFiles());
    IndexCheck index(folder_, "modalities");
    for (size_t row = 0; row < tables_.modalities.source.size(); ++row) {
      const uint32_t source =
          index("source", row, tables_.modalities.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      datasets_[source]->modality = Modality{std::move(tables_.modalities.text[row]),
                                             tables_.modalities.is_changed[row] != 0};
    }
    return Status();
  }

 private:
  Status LoadSubtasks() {
    SubtasksTable& table = tables_.subtasks;
    IndexCheck index(folder_, "source_subtasks");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      datasets_[source]->subtasks.push_back(std::move(table.subtask[row]));
      datasets_[source]->is_subtask_used.push_back(table.is_used[row] != 0);
    }
    return Status();
  }

  Status LoadTextColumns() {
    TextColumnsTable& table = tables_.text_columns;
    IndexCheck index(folder_, "text_columns");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      datasets_[source]->text_columns.push_back(
          {std::move(table.name[row]), table.is_of_subtasks[row] != 0});
    }
    for (const auto& dataset : datasets_) {
      for (DataFile& file : dataset->data_files) {
        for (EpisodeRows& rows : file.episodes)
          rows.text_frames.resize(dataset->text_columns.size());
      }
    }
    return Status();
  }

  Status LoadTextFrames() {
    std::vector<std::map<int64_t, EpisodeRows*>> rows_of(datasets_.size());
    for (size_t source = 0; source < datasets_.size(); ++source) {
      for (DataFile& file : datasets_[source]->data_files) {
        for (EpisodeRows& rows : file.episodes) rows_of[source][rows.episode_index] = &rows;
      }
    }
    const TextFramesTable& table = tables_.text_frames;
    IndexCheck index(folder_, "text_frames");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      const uint32_t column =
          index("column", row, table.column[row], datasets_[source]->text_columns.size());
      index("episode", row, table.episode[row], datasets_[source]->episodes.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      if (table.numbers[row].size() != table.frames[row].size()) {
        return folder_.DamagedProblem(
            "lists differ in length",
            StrCat(folder_.TablePath("text_frames"), ": frames, row ", row));
      }
      NumberFrames& frames = rows_of[source].at(table.episode[row])->text_frames[column];
      for (size_t at = 0; at < table.numbers[row].size(); ++at) {
        frames.emplace_back(table.numbers[row][at],
                            index.Count("frames", row, table.frames[row][at]));
      }
    }
    return index.status();
  }

  Status LoadOtherFiles() {
    OtherFilesTable& table = tables_.other_files;
    IndexCheck index(folder_, "other_files");
    for (size_t row = 0; row < table.source.size(); ++row) {
      const uint32_t source = index("source", row, table.source[row], datasets_.size());
      ROBOMERGE_RETURN_NOT_OK(index.status());
      OtherFile file;
      file.path = std::move(table.path[row]);
      file.size_bytes = index.Count("size_bytes", row, table.size_bytes[row]);
      file.fingerprint = static_cast<uint64_t>(table.fingerprint[row]);
      file.left_out = std::move(table.left_out[row]);
      if (file.left_out.empty() && !IsPlainPath(file.path)) {
        return folder_.DamagedProblem(
            "path leads out of the source",
            StrCat(folder_.TablePath("other_files"), ": path, row ", row));
      }
      datasets_[source]->other_files.push_back(std::move(file));
    }
    return index.status();
  }

  const TableFolder& folder_;
  CarriedTables tables_;
  const std::vector<std::shared_ptr<Dataset>>& datasets_;
};

}  // namespace

CarriedTables CarriedTablesOf(const std::vector<std::shared_ptr<const DescribedSource>>& sources) {
  CarriedTables tables;
  for (size_t source = 0; source < sources.size(); ++source)
    AddSource(static_cast<int64_t>(source), *sources[source], tables);
  return tables;
}

void AddField(const CarriedTables& tables, json::Json& fields) {
  if (!tables.empty()) fields[kField] = true;
}

void AddTables(CarriedTables& tables, TableFolderWriter& writer) {
  if (tables.empty()) return;
  writer.Add("source_subtasks", tables.subtasks);
  writer.Add("text_columns", tables.text_columns);
  writer.Add("text_frames", tables.text_frames);
  writer.Add("other_files", tables.other_files);
  writer.Add("modalities", tables.modalities);
}

Result<CarriedTables> ReadCarriedTables(const TableFolder& folder) {
  CarriedTables tables;
  if (!folder.Has(kField)) return tables;
  ROBOMERGE_ASSIGN_OR_RETURN(tables.subtasks, folder.Read<SubtasksTable>("source_subtasks"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.text_columns, folder.Read<TextColumnsTable>("text_columns"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.text_frames, folder.Read<TextFramesTable>("text_frames"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.other_files, folder.Read<OtherFilesTable>("other_files"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.modalities, folder.Read<ModalitiesTable>("modalities"));
  return tables;
}

Status LoadCarried(const TableFolder& folder, CarriedTables tables,
                   const std::vector<std::shared_ptr<Dataset>>& datasets) {
  return CarriedLoading(folder, std::move(tables), datasets).Run();
}

}  // namespace robomerge::persist
