#include "model/text_columns.h"

#include <algorithm>

#include "base/text.h"

namespace robomerge {
namespace {

const TextColumn* Find(const Dataset& dataset, std::string_view name) {
  const auto found = std::find_if(dataset.text_columns.begin(), dataset.text_columns.end(),
                                  [&](const TextColumn& column) { return column.name == name; });
  return found == dataset.text_columns.end() ? nullptr : &*found;
}

// Calls `visit` with the frames of each episode.
template <typename Visit>
void ForEachEpisode(const Dataset& dataset, std::string_view column, const Visit& visit) {
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      const NumberFrames* frames = TextFramesOf(dataset, rows, column);
      if (frames != nullptr) visit(rows, *frames);
    }
  }
}

// Why the numbers of a source do not follow; empty if they do.
std::string ReasonIn(const Dataset& dataset, const std::string& name, bool is_of_subtasks) {
  const Feature* feature = dataset.schema.Find(name);
  if (feature == nullptr) return "no such feature";
  const TextColumn* column = Find(dataset, name);
  if (column == nullptr || column->is_of_subtasks != is_of_subtasks) {
    return dataset.modality ? "meta/modality.json names no annotation of this column"
                            : "no meta/modality.json that names the column as an annotation";
  }
  if (feature->dtype() != "int64" || feature->shape() != std::vector<int64_t>{1}) {
    return StrCat("dtype ", feature->dtype(), ", shape ",
                  json::DumpLine(feature->entry.value("shape", Json())),
                  ", and not int64 of shape [1]");
  }
  const size_t size = is_of_subtasks ? dataset.subtasks.size() : dataset.tasks.size();
  std::string reason;
  ForEachEpisode(dataset, name, [&](const EpisodeRows&, const NumberFrames& frames) {
    for (const auto& [number, num_frames] : frames) {
      const auto at = static_cast<size_t>(number);
      if (number >= 0 && at < size && (is_of_subtasks || dataset.IsTaskUsed(at))) continue;
      if (!reason.empty()) return;
      reason = number == kNoText
                   ? "a row without the number of a task"
                   : StrCat("the number ", number, " in rows, which no task of the source has");
    }
  });
  return reason;
}

// A source without episodes has no numbers, and no say.
bool HasSay(const Dataset& dataset) { return !dataset.episodes.empty(); }

bool IsAnnotation(const Feature& feature) {
  return feature.name.starts_with("annotation.") &&
         (feature.dtype().starts_with("int") || feature.dtype().starts_with("uint"));
}

}  // namespace

const NumberFrames* TextFramesOf(const Dataset& dataset, const EpisodeRows& rows,
                                 std::string_view column) {
  const TextColumn* found = Find(dataset, column);
  if (found == nullptr) return nullptr;
  const auto at = static_cast<size_t>(found - dataset.text_columns.data());
  return at < rows.text_frames.size() ? &rows.text_frames[at] : nullptr;
}

std::vector<TextColumn> ChangedTextColumns(const std::vector<const Dataset*>& sources,
                                           const TextMaps& maps) {
  std::vector<TextColumn> changed;
  const auto first =
      std::find_if(sources.begin(), sources.end(), [](const Dataset* one) { return HasSay(*one); });
  if (first == sources.end()) return changed;
  for (const TextColumn& column : (*first)->text_columns) {
    const bool follows = std::all_of(sources.begin(), sources.end(), [&](const Dataset* one) {
      return !HasSay(*one) || ReasonIn(*one, column.name, column.is_of_subtasks).empty();
    });
    if (!follows) continue;
    const auto& of_table = column.is_of_subtasks ? *maps.subtasks : *maps.tasks;
    bool changes = false;
    for (size_t source = 0; source < sources.size() && !changes; ++source) {
      ForEachEpisode(*sources[source], column.name,
                     [&](const EpisodeRows&, const NumberFrames& frames) {
                       for (const auto& [number, num_frames] : frames) {
                         const auto at = static_cast<size_t>(number);
                         changes = changes || of_table[source][at] != at;
                       }
                     });
    }
    if (changes) changed.push_back(column);
  }
  return changed;
}

std::vector<Unfollowed> UnfollowedAnnotations(const std::vector<const Dataset*>& sources) {
  std::vector<Unfollowed> unfollowed;
  if (sources.empty()) return unfollowed;
  for (const Feature& feature : sources.front()->schema.features) {
    if (!IsAnnotation(feature)) continue;
    for (size_t source = 0; source < sources.size(); ++source) {
      if (!HasSay(*sources[source])) continue;
      std::string reason = ReasonIn(*sources[source], feature.name, false);
      if (reason.empty()) continue;
      unfollowed.push_back({feature.name, std::move(reason), source});
      break;
    }
  }
  return unfollowed;
}

std::optional<Unfollowed> UnfollowedSubtasks(const std::vector<const Dataset*>& sources,
                                             const TextMaps& maps) {
  std::vector<Unfollowed> unfollowed;
  bool changes = false;
  for (size_t source = 0; source < sources.size(); ++source) {
    const Dataset& dataset = *sources[source];
    if (!HasSay(dataset) || !dataset.schema.has_subtasks) continue;
    std::string reason = ReasonIn(dataset, std::string(kSubtaskIndex), true);
    if (!reason.empty())
      unfollowed.push_back({std::string(kSubtaskIndex), std::move(reason), source});
    const std::vector<uint32_t>& map = (*maps.subtasks)[source];
    for (size_t number = 0; number < map.size(); ++number)
      changes = changes || (dataset.IsSubtaskUsed(number) && map[number] != number);
  }
  if (!changes || unfollowed.empty()) return std::nullopt;
  return unfollowed.front();
}

std::string ModalityColumn(std::string_view section, const std::string& entry_name,
                           const Json& entry) {
  if (entry.is_object() && entry.contains("original_key") && entry.at("original_key").is_string())
    return entry.at("original_key").get<std::string>();
  if (section == "state") return "observation.state";
  if (section == "action") return "action";
  if (section == "annotation") return "annotation." + entry_name;
  return entry_name;
}

std::vector<UnknownSubtask> UnknownSubtasks(const Dataset& dataset) {
  std::vector<UnknownSubtask> unknown;
  if (!dataset.schema.has_subtasks) return unknown;
  const auto size = static_cast<int64_t>(dataset.subtasks.size());
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      const NumberFrames* const numbers = TextFramesOf(dataset, rows, kSubtaskIndex);
      if (numbers == nullptr) continue;
      for (const auto& [number, frames] : *numbers) {
        if (number < 0 || number >= size) unknown.push_back({&file, &rows, number});
      }
    }
  }
  return unknown;
}

std::vector<std::string> AnnotationColumns(const Json& modality) {
  std::vector<std::string> columns;
  if (!modality.is_object() || !modality.contains("annotation") ||
      !modality.at("annotation").is_object())
    return columns;
  for (const auto& [name, entry] : modality.at("annotation").items()) {
    std::string column = ModalityColumn("annotation", name, entry);
    if (std::find(columns.begin(), columns.end(), column) == columns.end())
      columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace robomerge
