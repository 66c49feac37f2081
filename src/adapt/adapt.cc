#include "adapt/adapt.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "adapt/adapt_internal.h"
#include "base/text.h"
#include "model/retime.h"
#include "model/video_start.h"

namespace robomerge {
namespace {

using adapt_internal::FeatureChange;

// The lines of a physical schema (DataFile::physical_schema), of which each begins with the name of
// a column.
std::string ChangedPhysicalSchema(const std::string& physical_schema,
                                  const std::vector<FeatureChange>& changes) {
  std::string text;
  std::istringstream lines(physical_schema);
  for (std::string line; std::getline(lines, line);) {
    const std::string name(ColumnOfForm(line));
    const auto change = std::find_if(changes.begin(), changes.end(),
                                     [&](const FeatureChange& one) { return one.from == name; });
    if (change == changes.end()) {
      text += line + "\n";
    } else if (change->is_cast || !change->elements.empty()) {
      text += StrCat(change->to, kMadeColumn, "\n");
    } else if (!change->to.empty()) {
      text += StrCat(change->to, line.substr(name.size()), "\n");
    }
  }
  for (const FeatureChange& change : changes) {
    if (change.from.empty()) text += StrCat(change.to, kMadeColumn, "\n");
  }
  return text;
}

Status ChangeFeatures(const Adaptation& adaptation, const AddedFeatures* added, Dataset& dataset) {
  const Schema before = dataset.schema;
  ROBOMERGE_ASSIGN_OR_RETURN(
      const std::vector<FeatureChange> changes,
      adapt_internal::ChangeSchema(adaptation, dataset.root, dataset.schema));
  if (changes.empty()) return Status();
  adapt_internal::ChangeStatistics(changes, dataset);
  adapt_internal::FollowFeatures(changes, dataset);
  // Reading may have left out columns.
  parquet::ColumnChanges columns =
      dataset.column_changes ? *dataset.column_changes : parquet::ColumnChanges();
  for (const FeatureChange& change : changes) {
    const Feature* feature = before.Find(change.from);
    if (feature != nullptr && feature->is_video()) continue;
    if (change.to.empty()) {
      columns.left_out.push_back(change.from);
      continue;
    }
    parquet::ColumnChange column;
    column.column = change.to;
    column.source_column = change.from;
    column.fill = change.fill;
    if (change.is_added && added != nullptr) column.values = added->columns.at(change.to);
    if (change.from.empty()) column.shape = dataset.schema.Find(change.to)->shape();
    column.elements = change.elements;
    column.is_cast = change.is_cast;
    columns.columns.push_back(std::move(column));
  }
  for (VideoKey& key : dataset.video_keys) {
    const auto change = std::find_if(changes.begin(), changes.end(), [&](const FeatureChange& one) {
      return one.from == key.name;
    });
    if (change != changes.end()) key.name = change->to;
  }
  std::erase_if(dataset.video_keys, [](const VideoKey& key) { return key.name.empty(); });
  std::map<std::string, std::string> schemas;  // many files have the same
  for (DataFile& file : dataset.data_files) {
    const auto [entry, is_new] = schemas.try_emplace(file.physical_schema);
    if (is_new) entry->second = ChangedPhysicalSchema(file.physical_schema, changes);
    file.physical_schema = entry->second;
  }
  dataset.column_changes = std::make_shared<const parquet::ColumnChanges>(std::move(columns));
  return Status();
}

// All at once, so that two tasks can change their texts.
void ReplaceTasks(const std::vector<Rule>& rules, std::vector<std::string>& tasks) {
  for (std::string& task : tasks) {
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& one) { return one.name == task; });
    if (rule != rules.end()) task = rule->value;
  }
}

void RemoveRepeated(std::vector<std::string>& tasks) {
  std::vector<std::string> distinct;
  for (std::string& task : tasks) {
    if (std::find(distinct.begin(), distinct.end(), task) == distinct.end())
      distinct.push_back(std::move(task));
  }
  tasks = std::move(distinct);
}

// The tasks that no row names by task_index, but some by an annotation: theirs is another meaning.
std::set<std::string> OnlyAnnotated(const Dataset& dataset) {
  std::set<std::string> annotated, done;
  const auto take = [&](const NumberFrames& frames, std::set<std::string>& texts) {
    for (const auto& [number, num_frames] : frames) {
      if (number >= 0 && static_cast<uint64_t>(number) < dataset.tasks.size())
        texts.insert(dataset.tasks[static_cast<size_t>(number)]);
    }
  };
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      take(rows.task_frames, done);
      for (size_t column = 0; column < rows.text_frames.size(); ++column) {
        if (!dataset.text_columns[column].is_of_subtasks) take(rows.text_frames[column], annotated);
      }
    }
  }
  for (const std::string& task : done) annotated.erase(task);
  return annotated;
}

void ChangeTasks(const Adaptation& adaptation, const std::string& name, Dataset& dataset) {
  std::set<std::string> others;
  if (adaptation.set_task && !dataset.text_columns.empty()) others = OnlyAnnotated(dataset);
  const auto change = [&](std::vector<std::string>& tasks) {
    if (adaptation.set_task) {
      for (std::string& task : tasks) {
        if (!others.contains(task)) task = *adaptation.set_task;
      }
    }
    ReplaceTasks(adaptation.replace_task, tasks);
    if (!adaptation.prefix_tasks) return;
    for (std::string& task : tasks) task = StrCat(name, ": ", task);
  };
  change(dataset.tasks);
  for (Episode& episode : dataset.episodes) {
    change(episode.tasks);
    RemoveRepeated(episode.tasks);
  }
}

// Whether the frames of a video are counted or timed is decided by all its episodes, not only by
// those that are chosen.
void CorrectStarts(Dataset& dataset) {
  for (VideoKey& key : dataset.video_keys) {
    for (uint32_t file = 0; file < key.files.size(); ++file) {
      const double seconds = StartCorrection(dataset, key, file);
      if (seconds == 0) continue;
      bool is_first = true;
      for (size_t episode = 0; episode < key.segments.size(); ++episode) {
        VideoSegment& segment = key.segments[episode];
        if (segment.video_file != file) continue;
        if (is_first) dataset.warnings.push_back(LateStart(key, file, episode, seconds));
        is_first = false;
        segment.from_timestamp += seconds;
        segment.to_timestamp += seconds;
      }
    }
  }
}

}  // namespace

Status Adapt(const Adaptation& adaptation, const std::string& name, const RowFacts& facts,
             Dataset& dataset) {
  if (adaptation.selects()) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<EpisodeChoice> choices,
                               ChooseEpisodes(dataset, adaptation, facts.last_rows));
    ROBOMERGE_RETURN_NOT_OK(adapt_internal::CheckTrims(adaptation.trim, choices, dataset.root));
    CorrectStarts(dataset);
    std::vector<uint64_t> kept;
    for (size_t at = 0; at < choices.size(); ++at) {
      if (choices[at].is_chosen) kept.push_back(at);
    }
    if (kept.empty() && !choices.empty()) {
      dataset.warnings.push_back(
          Problem(Code::kInvalidArgument, "no episode of the source is selected")
              .Kind("W-nothing-selected")
              .At(dataset.root)
              .Found(StrCat(choices.front().reason, " (episode ", choices.front().episode, ")")));
    }
    adapt_internal::KeepEpisodes(kept, dataset);
  }
  if (adaptation.retime) ROBOMERGE_RETURN_NOT_OK(Retime(dataset));
  if (!adaptation.trim.empty())
    ROBOMERGE_RETURN_NOT_OK(adapt_internal::TrimEpisodes(adaptation.trim, facts, dataset));
  ROBOMERGE_RETURN_NOT_OK(ChangeFeatures(adaptation, facts.added, dataset));
  ChangeTasks(adaptation, name, dataset);
  return Status();
}

bool KeepsFeature(const Adaptation& adaptation, const Schema& schema, std::string_view feature) {
  Schema adapted = schema;
  const Result<std::vector<FeatureChange>> changes =
      adapt_internal::ChangeSchema(adaptation, "", adapted);
  return !changes.ok() ||
         std::none_of(changes->begin(), changes->end(), [&](const FeatureChange& change) {
           return change.from == feature && change.to.empty();
         });
}

Status AdaptSchema(const Adaptation& adaptation, const std::string& root, Schema& schema) {
  return adapt_internal::ChangeSchema(adaptation, root, schema).status();
}

}  // namespace robomerge
